use http::{HeaderMap, HeaderName};
use portcullis_core::{Id, hexadecimal};

/// Where a request stands in a distributed trace ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).
///
/// A trusted proxy's trace is continued. Anybody else's is only linked: a stranger doesn't choose our trace ids.
#[derive(Clone, Debug)]
pub(crate) struct TraceContext {
    trace: u128,
    span: u64,
    link: Option<u128>,
}

impl TraceContext {
    /// The trace of a request: its own id gives the new parts, so that none has to be made.
    pub(crate) fn of(headers: &HeaderMap, request_id: Id, is_trusted: bool) -> Self {
        let own = u128::from_be_bytes(*request_id.as_bytes());
        let incoming = headers.get(&TRACEPARENT).and_then(|value| parse(value.to_str().ok()?));
        let span = own.to_be_bytes().into_iter().skip(8).fold(0_u64, |span, byte| (span << 8) | u64::from(byte)) | 1;
        match incoming {
            Some(trace) if is_trusted => Self { trace, span, link: None },
            link => Self { trace: own, span, link },
        }
    }

    /// The trace's identifier in lower-case hexadecimal.
    pub(crate) fn trace_id(&self) -> [u8; 32] {
        hexadecimal(self.trace)
    }

    /// The span's.
    pub(crate) fn span_id(&self) -> [u8; 16] {
        hexadecimal(u128::from(self.span)).last_chunk().copied().unwrap_or_default()
    }

    /// The identifier of a stranger's trace.
    pub(crate) fn link(&self) -> Option<[u8; 32]> {
        self.link.map(hexadecimal)
    }
}

/// The trace id of a `traceparent`, version 00 or a later one that begins the same way.
fn parse(text: &str) -> Option<u128> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !hex(version, 2)
        || version == "ff"
        || !hex(trace, 32)
        || !hex(span, 16)
        || !hex(flags, 2)
        || (version == "00" && parts.next().is_some())
    {
        return None;
    }
    let (trace, span) = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
    (trace != 0 && span != 0).then_some(trace)
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_s_own_id_names_its_trace_and_its_span() {
        let id: Id = "0198c0de-0000-7000-8000-0000000000fe".parse().unwrap();
        let context = TraceContext::of(&HeaderMap::new(), id, false);
        assert_eq!((context.trace_id(), context.span_id()), (*b"0198c0de0000700080000000000000fe", *b"80000000000000ff"));
    }

    #[test]
    fn a_traceparent_is_read_strictly() {
        assert_eq!(parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), Some(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c));
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
