use http::{HeaderMap, HeaderName};
use portcullis_core::Id;

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
        hexadecimal(u128::from(self.span))
    }

    /// The identifier of a stranger's trace.
    pub(crate) fn link(&self) -> Option<[u8; 32]> {
        self.link.map(hexadecimal)
    }
}

/// The last `N` digits.
fn hexadecimal<const N: usize>(mut number: u128) -> [u8; N] {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        let value = (number & 0xf) as u8;
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
        number >>= 4;
    }
    digits
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
    fn identifiers_are_written_in_full() {
        assert_eq!(hexadecimal::<32>(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c), *b"0af7651916cd43dd8448eb211c80319c");
        assert_eq!(hexadecimal::<16>(0xf), *b"000000000000000f");
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
