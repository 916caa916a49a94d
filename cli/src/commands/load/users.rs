use std::io::BufRead;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use http::HeaderValue;
use portcullis::Failure;
use portcullis::core::Secret;
use uuid::Uuid;

/// Who the load is.
pub(super) struct User {
    pub(super) name: String,
    /// The body of a log-in; it holds the password.
    pub(super) log_in_form: Bytes,
    password: Secret,
    authorization: RwLock<Option<HeaderValue>>,
    toggled: AtomicBool,
}

impl User {
    pub(super) fn new(name: &str, password: String) -> Result<Self, Failure> {
        let form = serde_urlencoded::to_string([("grant_type", "password"), ("username", name), ("password", &password)]);
        let log_in_form = form.map_err(Failure::new)?.into();
        let password = Secret::new(password);
        Ok(Self { name: name.to_owned(), log_in_form, password, authorization: RwLock::default(), toggled: AtomicBool::new(false) })
    }

    /// A user with a name and a password that nobody had before.
    pub(super) fn random() -> Result<Self, Failure> {
        let name = Uuid::new_v4().simple().to_string();
        Self::new(&format!("load-{}", name.get(..12).unwrap_or(&name)), Uuid::new_v4().simple().to_string())
    }

    /// The user whose password is the first line of the input.
    pub(super) fn read(name: &str, input: &mut impl BufRead) -> Result<Self, Failure> {
        let mut line = String::new();
        let read = input.read_line(&mut line);
        read.map_err(|error| Failure::new(format!("cannot read the password: {error}")))?;
        let password = line.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            return Err(Failure::usage("there is no password on standard input"));
        }
        Self::new(name, password.to_owned())
    }

    pub(super) fn password(&self) -> &Secret {
        &self.password
    }

    /// Yes and no in turns.
    pub(super) fn toggle(&self) -> bool {
        !self.toggled.fetch_xor(true, Ordering::AcqRel)
    }

    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the access token that further requests bear.
    pub(super) fn bear(&self, token: &str) -> Result<(), Failure> {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Failure::new("the access token is not one"))?;
        value.set_sensitive(true);
        *self.authorization.write().unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(())
    }
}

/// The access token in the answer to a log-in.
pub(super) fn access_token(answer: &[u8]) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
    Some(answer.get("access_token")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_the_first_line() {
        let user = User::read("uma", &mut "correct horse\r\nsecond\n".as_bytes()).unwrap();
        assert_eq!(user.log_in_form, "grant_type=password&username=uma&password=correct+horse");
        assert!(User::read("uma", &mut "\n".as_bytes()).is_err());
        assert!(User::read("uma", &mut "".as_bytes()).is_err());
    }

    #[test]
    fn random_users_differ_and_are_valid_names() {
        let (one, other) = (User::random().unwrap(), User::random().unwrap());
        assert!(one.name != other.name && one.password().expose() != other.password().expose());
        assert!(one.name.parse::<portcullis::accounts::Username>().is_ok());
    }
}
