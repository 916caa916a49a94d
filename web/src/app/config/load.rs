use std::collections::HashMap;
use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat};
use serde_json::{Map, Value};

use super::section::Sections;
use super::settings::Settings;

/// Where settings come from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The file named on the command line; it has to be there.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Environment,
}

/// The variables of a process, as a value.
#[derive(Clone, Debug, Default)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// The variables of this process that begin with `PORTCULLIS_`.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self(variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX) && !name.starts_with("PORTCULLIS_TEST_")).collect())
    }
}

/// The settings can't be used; the text names the key and the mend.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(pub(crate) String);

impl SettingsError {
    /// A setting that can't be used: its key, what is wrong, how to mend it.
    #[must_use]
    pub fn of(key: &str, problem: impl std::fmt::Display) -> Self {
        Self(format!("setting `{key}`: {problem}"))
    }
}

impl Settings {
    /// Loads the settings of the service and the sections of its modules.
    ///
    /// # Errors
    /// When the file can't be read, a key is unknown, or a value can't be used.
    pub fn load(source: &Source, sections: &mut Sections) -> Result<Self, SettingsError> {
        let mut builder = Config::builder();
        let file = source.file.clone().or_else(|| Path::new(DEFAULT_FILE).exists().then(|| PathBuf::from(DEFAULT_FILE)));
        if let Some(file) = file {
            let text = std::fs::read_to_string(&file).map_err(|error| SettingsError(format!("cannot read {}: {error}", file.display())))?;
            builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
        }
        let config = builder.build().map_err(|error| SettingsError(format!("the settings file is not TOML: {error}")))?;
        let mut tree: Value = config.try_deserialize().map_err(|error| SettingsError(error.to_string()))?;
        overlay(&mut tree, &source.environment)?;
        sections.take(&mut tree)?;
        read("", tree)
    }
}

/// Reads one part of the tree, with a message that names the key.
pub(super) fn read<T: serde::de::DeserializeOwned>(prefix: &str, tree: Value) -> Result<T, SettingsError> {
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let path = error.path().to_string();
        let key = [prefix, path.as_str()].iter().filter(|part| !part.is_empty() && **part != ".").copied().collect::<Vec<_>>().join(".");
        SettingsError::of(&key, in_words(&error.inner().to_string()))
    })
}

/// Says what is expected in words, where serde names one of Rust's types.
fn in_words(problem: &str) -> String {
    let begin = ["usize", "u64", "u32", "u16", "u8"].iter().find_map(|kind| problem.strip_suffix(kind)?.strip_suffix("expected "));
    begin.map_or_else(|| problem.to_owned(), |begin| format!("{begin}expected a whole number, 0 or more"))
}

/// Puts the environment over the file: `PORTCULLIS_TLS__CERT_FILE` is `tls.cert_file`, `…_FILE` of a secret names a file that holds it.
fn overlay(tree: &mut Value, environment: &Environment) -> Result<(), SettingsError> {
    let mut variables: Vec<_> = environment.0.iter().collect();
    variables.sort();
    for (variable, text) in variables {
        let key = variable.trim_start_matches(PREFIX).to_ascii_lowercase();
        let (key, text) = match key.strip_suffix("_file").filter(|key| SECRETS.contains(key)) {
            Some(secret) if environment.0.contains_key(variable.trim_end_matches("_FILE")) => {
                return Err(SettingsError::of(
                    &secret.replace("__", "."),
                    format!("given twice, by itself and by `{variable}`: unset one of them"),
                ));
            }
            Some(secret) => {
                let held = secret_in(Path::new(text)).map_err(|problem| SettingsError::of(&key.replace("__", "."), problem));
                (secret.to_owned(), held?)
            }
            None => (key, text.clone()),
        };
        put(tree, &mut key.split("__"), value_of(&key, &text));
    }
    Ok(())
}

/// What a secret's file holds, without the line break at its end.
fn secret_in(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let secret = text.trim_end();
    if secret.is_empty() {
        return Err(format!("{} is empty: put the secret into it", file.display()));
    }
    Ok(secret.to_owned())
}

fn put<'a>(place: &mut Value, path: &mut impl Iterator<Item = &'a str>, value: Value) {
    let Some(part) = path.next() else {
        *place = value;
        return;
    };
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    if let Some(object) = place.as_object_mut() {
        put(object.entry(part).or_insert(Value::Null), path, value);
    }
}

/// A variable is a text; where it reads as a number, a truth value or a list of a known key, it is one.
fn value_of(key: &str, text: &str) -> Value {
    if LISTS.contains(&key) {
        return text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect();
    }
    if SECRETS.contains(&key) {
        return Value::from(text);
    }
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
    }
}

const PREFIX: &str = "PORTCULLIS_";
const DEFAULT_FILE: &str = "portcullis.toml";
const SECRETS: &[&str] = &["database_url", "master_key", "tls__acme__eab_kid", "tls__acme__eab_hmac_key"];
const LISTS: &[&str] = &[
    "hosts",
    "proxy.trusted",
    "proxy__trusted",
    "cors__origins",
    "accounts__security_contacts",
    "tls__acme__domains",
    "tls__acme__contact",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::respond::XssProtection;

    fn load(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::load(&Source { file: None, environment }, &mut Sections::default())
    }

    #[test]
    fn the_environment_overrides_nested_keys() {
        let settings = load(&[("PORTCULLIS_LISTEN", "0.0.0.0:1"), ("PORTCULLIS_PROXY__TRUSTED", "10.0.0.0/8, 192.168.0.0/16")]).unwrap();
        assert_eq!(settings.listen.port(), 1);
        assert_eq!(settings.proxy.trusted, ["10.0.0.0/8", "192.168.0.0/16"]);
    }

    #[test]
    fn an_unknown_key_is_named() {
        for (variable, key) in [("PORTCULLIS_LISTNE", "listne"), ("PORTCULLIS_TLS__CERT", "cert")] {
            let message = load(&[(variable, "x")]).unwrap_err().to_string();
            assert!(message.contains(key), "{message}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named_without_its_text() {
        let message = load(&[("PORTCULLIS_LISTEN", "nowhere")]).unwrap_err().to_string();
        assert!(message.contains("`listen`"), "{message}");
    }

    #[test]
    fn a_number_counts_where_its_digits_are_a_value() {
        assert_eq!(load(&[("PORTCULLIS_HEADERS__X_XSS_PROTECTION", "0")]).unwrap().headers.x_xss_protection, XssProtection::Zero);
    }

    #[test]
    fn the_form_that_is_expected_is_said_in_words() {
        for (variable, value, expected) in [
            ("PORTCULLIS_HEADERS__X_XSS_PROTECTION", "1", "expected one of `0`, `off`, `1; mode=block`"),
            ("PORTCULLIS_HEADERS__X_XSS_PROTECTION", "true", "expected `0`, `off` or `1; mode=block`"),
            ("PORTCULLIS_LOG__REFUSALS_PER_ADDRESS", "60", "a rate is written like `100/min`"),
            ("PORTCULLIS_RATE_LIMIT__DEFAULT", "true", "expected a rate like `100/min`"),
            ("PORTCULLIS_LIMITS__BODY_BYTES", "1MiB", "expected a whole number, 0 or more"),
            ("PORTCULLIS_LIMITS__BODY_BYTES", "-1", "expected a whole number, 0 or more"),
        ] {
            let message = load(&[(variable, value)]).unwrap_err().to_string();
            assert!(message.ends_with(expected) || message.contains(&format!("{expected} (")), "{message}");
        }
    }

    #[test]
    fn a_secret_is_read_from_its_file_without_the_line_break_at_the_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "postgres://ann:pass word@localhost/x\n").unwrap();
        let settings = load(&[("PORTCULLIS_DATABASE_URL_FILE", file.path().to_str().unwrap())]).unwrap();
        assert_eq!(settings.database_url.unwrap().expose(), "postgres://ann:pass word@localhost/x");
    }

    #[test]
    fn a_secrets_file_that_cannot_be_used_is_named_without_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).unwrap();
            folder.path().join(name)
        };
        for (path, problem) in [
            (folder.path().join("absent"), "cannot read"),
            (folder.path().to_owned(), "cannot read"),
            (file("binary", b"hunter2\xff"), "cannot read"),
            (file("empty", b""), "is empty"),
            (file("blank", b" \n\n"), "is empty"),
        ] {
            let message = load(&[("PORTCULLIS_MASTER_KEY_FILE", path.to_str().unwrap())]).unwrap_err().to_string();
            assert!(message.contains("`master_key_file`") && message.contains(problem), "{message}");
            assert!(message.contains(path.to_str().unwrap()) && !message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn a_secret_given_by_itself_and_by_its_file_is_refused() {
        let message = load(&[("PORTCULLIS_MASTER_KEY", "hunter2"), ("PORTCULLIS_MASTER_KEY_FILE", "/nowhere")]).unwrap_err().to_string();
        assert!(message.contains("`master_key`") && message.contains("`PORTCULLIS_MASTER_KEY_FILE`"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn only_secrets_are_read_from_files() {
        let message = load(&[("PORTCULLIS_LISTEN_FILE", "/etc/hostname")]).unwrap_err().to_string();
        assert!(message.contains("listen_file"), "{message}");
    }
}
