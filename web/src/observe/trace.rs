use std::fmt;

use http::HeaderMap;
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

/// An identifier in lower-case hexadecimal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hex {
    Long(u128),
    Short(u64),
}

impl TraceContext {
    /// The trace of a request: its own id gives the new parts, so that none has to be made.
    pub(crate) fn of(headers: &HeaderMap, request_id: Id, is_trusted: bool) -> Self {
        let own = u128::from_be_bytes(*request_id.as_bytes());
        let incoming = headers.get("traceparent").and_then(|value| parse(value.to_str().ok()?));
        let span = own.to_be_bytes().into_iter().skip(8).fold(0_u64, |span, byte| (span << 8) | u64::from(byte)) | 1;
        match incoming {
            Some(trace) if is_trusted => Self { trace, span, link: None },
            link => Self { trace: own, span, link },
        }
    }

    pub(crate) const fn trace_id(&self) -> Hex {
        Hex::Long(self.trace)
    }

    pub(crate) const fn span_id(&self) -> Hex {
        Hex::Short(self.span)
    }

    pub(crate) fn link(&self) -> Option<Hex> {
        self.link.map(Hex::Long)
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Long(id) => write!(f, "{id:032x}"),
            Self::Short(id) => write!(f, "{id:016x}"),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
