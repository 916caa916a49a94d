use std::io;

use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsConnector;

use super::Target;
use super::http1::connect;
use super::tls::server_name;

/// An HTTP/2 connection with one stream at a time, driven by a runtime of its own on the calling thread.
pub(crate) struct Http2 {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
    body: BytesMut,
}

impl Http2 {
    pub(crate) fn open(target: &Target) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let stream = connect(target.address)?;
        stream.set_nonblocking(true)?;
        let connector = TlsConnector::from(target.trust.two());
        let sender = runtime.block_on(async {
            let stream = connector.connect(server_name()?, tokio::net::TcpStream::from_std(stream)?).await?;
            let (sender, connection) = h2::client::handshake(stream).await.map_err(io::Error::other)?;
            tokio::spawn(connection);
            Ok::<_, io::Error>(sender)
        })?;
        Ok(Self { runtime, sender, body: BytesMut::new() })
    }

    pub(crate) fn exchange(&mut self, parts: &http::Request<()>, body: &Bytes) -> io::Result<(u16, &[u8])> {
        self.body.clear();
        let Self { runtime, sender, body: received } = self;
        let status = runtime.block_on(async {
            let mut sender = sender.clone().ready().await.map_err(io::Error::other)?;
            let (answer, mut stream) = sender.send_request(parts.clone(), body.is_empty()).map_err(io::Error::other)?;
            if !body.is_empty() {
                stream.send_data(body.clone(), true).map_err(io::Error::other)?;
            }
            let (head, mut content) = answer.await.map_err(io::Error::other)?.into_parts();
            while let Some(chunk) = content.data().await {
                let chunk = chunk.map_err(io::Error::other)?;
                content.flow_control().release_capacity(chunk.len()).map_err(io::Error::other)?;
                received.extend_from_slice(&chunk);
            }
            Ok::<_, io::Error>(head.status.as_u16())
        })?;
        Ok((status, &self.body))
    }
}
