//! Admitting requests: client addresses, rate limits, CORS, CSRF.
