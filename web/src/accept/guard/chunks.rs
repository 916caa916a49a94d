/// Follows a chunked body to its end ([RFC 9112 section 7.1](https://www.rfc-editor.org/rfc/rfc9112#section-7.1)).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Chunks {
    /// In the digits of a chunk's size.
    Size { size: u64, digits: u8 },
    /// In the extensions behind the size, which are skipped, but bounded.
    Extension { size: u64, length: u16 },
    /// Behind the CR of the line with the size.
    SizeEnd { size: u64 },
    /// In a chunk's data.
    Data { left: u64 },
    /// Behind a chunk's data.
    DataEnd,
    /// Behind the CR that ends a chunk's data.
    DataLineFeed,
    /// At the start of a trailer line, or of the empty line that ends the body.
    TrailerStart { length: u16 },
    /// In a trailer line.
    Trailer { length: u16 },
    /// Behind a trailer line's CR.
    TrailerEnd { length: u16 },
    /// Behind the CR of the line that ends the body.
    LastLineFeed,
    /// Behind the body.
    Done,
}

/// The body's framing is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BrokenChunks;

impl Chunks {
    pub(super) const START: Self = Self::Size { size: 0, digits: 0 };

    /// How many of these bytes belong to the body.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, BrokenChunks> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match *self {
                Self::Done => break,
                Self::Data { left } => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    let left = left - taken as u64;
                    *self = if left == 0 { Self::DataEnd } else { Self::Data { left } };
                    at += taken;
                }
                Self::Size { .. }
                | Self::Extension { .. }
                | Self::SizeEnd { .. }
                | Self::DataEnd
                | Self::DataLineFeed
                | Self::TrailerStart { .. }
                | Self::Trailer { .. }
                | Self::TrailerEnd { .. }
                | Self::LastLineFeed => {
                    *self = self.step(byte).ok_or(BrokenChunks)?;
                    at += 1;
                }
            }
        }
        Ok(at)
    }

    fn step(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Size { size, digits }, digit) if digit.is_ascii_hexdigit() => {
                let value = u64::from(char::from(digit).to_digit(16)?);
                (digits < MOST_DIGITS).then_some(Self::Size { size: size << 4 | value, digits: digits + 1 })
            }
            (Self::Size { digits: 0, .. }, _) => None,
            (Self::Size { size, .. }, b';') => Some(Self::Extension { size, length: 0 }),
            (Self::Size { size, .. } | Self::Extension { size, .. }, b'\r') => Some(Self::SizeEnd { size }),
            (Self::Extension { size, length }, byte) if is_text(byte) => {
                (length < LONGEST).then_some(Self::Extension { size, length: length + 1 })
            }
            (Self::SizeEnd { size: 0 }, b'\n') => Some(Self::TrailerStart { length: 0 }),
            (Self::SizeEnd { size }, b'\n') => Some(Self::Data { left: size }),
            (Self::DataEnd, b'\r') => Some(Self::DataLineFeed),
            (Self::DataLineFeed, b'\n') => Some(Self::START),
            (Self::TrailerStart { .. }, b'\r') => Some(Self::LastLineFeed),
            (Self::Trailer { length }, b'\r') => Some(Self::TrailerEnd { length }),
            (Self::TrailerStart { length } | Self::Trailer { length }, byte) if is_text(byte) => {
                (length < LONGEST).then_some(Self::Trailer { length: length + 1 })
            }
            (Self::TrailerEnd { length }, b'\n') => Some(Self::TrailerStart { length }),
            (Self::LastLineFeed, b'\n') => Some(Self::Done),
            _ => None,
        }
    }
}

const fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// 2^60 bytes are enough; more digits would overflow.
const MOST_DIGITS: u8 = 15;
/// All extensions of a chunk, and all trailers of a body.
const LONGEST: u16 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(bytes: &[u8]) -> Result<(usize, bool), BrokenChunks> {
        // Byte by byte and at once must agree.
        let (mut slow, mut taken) = (Chunks::START, 0);
        for byte in bytes {
            taken += slow.advance(&[*byte])?;
        }
        let mut fast = Chunks::START;
        assert_eq!(fast.advance(bytes), Ok(taken));
        assert_eq!(fast, slow);
        Ok((taken, slow == Chunks::Done))
    }

    #[test]
    fn a_chunked_body_ends_where_its_last_chunk_ends() {
        assert_eq!(follow(b"5\r\nhello\r\n0\r\n\r\nGET /next"), Ok((15, true)));
        assert_eq!(follow(b"00A;name=value\r\n0123456789\r\n0\r\nTrailer: yes\r\n\r\n"), Ok((47, true)));
        assert_eq!(follow(b"5\r\nhel"), Ok((6, false)));
    }

    #[test]
    fn a_broken_chunk_is_noticed() {
        let broken: [&[u8]; 13] = [
            b"\r\n",
            b"5\nhello",
            b"5\r\nhelloX",
            b"5\r\nhello\n0\r\n\r\n",
            b"+5\r\n",
            b"-1\r\n",
            b"0x5\r\n",
            b" 5\r\n",
            b"5 \r\n",
            b"5;a\nb\r\n",
            b"fffffffffffffffff\r\n",
            b"0\r\nA: b\n\r\n",
            b"0\r\n\n",
        ];
        for bytes in broken {
            assert!(Chunks::START.clone().advance(bytes).is_err(), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let long = "x".repeat(usize::from(LONGEST) + 1);
        assert!(Chunks::START.clone().advance(format!("1;{long}").as_bytes()).is_err());
        let line = format!("0\r\n{}", "a: b\r\n".repeat(2000));
        assert!(Chunks::START.clone().advance(line.as_bytes()).is_err());
    }
}
