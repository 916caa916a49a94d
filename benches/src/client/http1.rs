use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What HTTP/1.1 travels over.
pub(crate) trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// An HTTP/1.1 connection; its buffers are used again and again.
pub(crate) struct Http1 {
    reader: BufReader<Box<dyn Stream>>,
    line: Vec<u8>,
    body: Vec<u8>,
}

impl Http1 {
    pub(crate) fn plain(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::over(Box::new(connect(address)?)))
    }

    pub(crate) fn over(stream: Box<dyn Stream>) -> Self {
        Self { reader: BufReader::with_capacity(1 << 15, stream), line: Vec::new(), body: Vec::new() }
    }

    /// Sends a request as it is; the answer must carry a content length.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.send(request)?;
        self.receive()
    }

    /// Sends one request or several.
    pub(crate) fn send(&mut self, requests: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(requests)?;
        self.reader.get_mut().flush()
    }

    /// The next answer.
    pub(crate) fn receive(&mut self) -> io::Result<(u16, &[u8])> {
        let status = self.read_line()?.get(9..12).and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status line"))?;
        let mut length = 0;
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_at_checked(15)
                && name.eq_ignore_ascii_case(b"content-length:")
            {
                let value = std::str::from_utf8(value).map_err(io::Error::other)?;
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        self.body.resize(length, 0);
        self.reader.read_exact(&mut self.body)?;
        Ok((status, &self.body))
    }

    fn read_line(&mut self) -> io::Result<&[u8]> {
        self.line.clear();
        self.reader.read_until(b'\n', &mut self.line)?;
        self.line.strip_suffix(b"\r\n").ok_or_else(|| io::Error::other("the server closed the connection"))
    }
}

pub(super) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    // Nothing that is measured takes this long; without it a server that hangs would hang the run.
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(stream)
}
