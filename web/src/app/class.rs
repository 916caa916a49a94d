/// The class of an endpoint for rate limits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// An ordinary endpoint.
    Default,
    /// An endpoint that takes credentials: stricter limits.
    Credentials,
}

impl Class {
    /// The most bytes of a body, unless the endpoint says otherwise.
    pub(crate) const fn most_body_bytes(self, default: usize) -> usize {
        match self {
            Self::Credentials if default > CREDENTIALS_BODY => CREDENTIALS_BODY,
            Self::Default | Self::Credentials => default,
        }
    }
}

/// A name, two passwords of 256 characters, and how forms and JSON write those that aren't ASCII.
const CREDENTIALS_BODY: usize = 8 * 1024;
