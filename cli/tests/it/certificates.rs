//! Certificates as an operator meets them: what stops the start, what a running service says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};

use super::{portcullis, text};

const ACME: (&str, &str) = ("PORTCULLIS_TLS__MODE", "acme");
const NAMES: (&str, &str) = ("PORTCULLIS_TLS__ACME__DOMAINS", "example.com,www.example.com");
const ALPN: (&str, &str) = ("PORTCULLIS_TLS__ACME__CHALLENGE", "tls-alpn-01");

/// A self-signed pair for a name, in a folder.
fn pair(folder: &Path, name: &str) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

/// The start ends with code 1 and one line that says all of this, whether it is only checked or tried.
fn is_refused(variables: &[(&str, &str)], said: &[&str]) {
    for arguments in [&["serve", "--check"][..], &["serve"]] {
        let anywhere = [("PORTCULLIS_LISTEN", "127.0.0.1:0"), ("PORTCULLIS_MANAGEMENT_LISTEN", "127.0.0.1:0")];
        let output = portcullis(arguments, &[&anywhere, variables].concat());
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{variables:?}: {line}");
        assert!(line.starts_with("error: ") && line.lines().count() == 1, "{variables:?}: {line}");
        assert!(said.iter().all(|part| line.contains(part)), "{variables:?}: {line}");
    }
}

#[test]
fn a_plan_that_cannot_work_stops_the_start_and_says_how_to_mend_it() {
    let one = |variable, value| [ACME, ALPN, NAMES, (variable, value)];
    is_refused(&one("PORTCULLIS_TLS__ACME__DOMAINS", "no name"), &["`tls.acme.domains` `no name` is no DNS name such as example.com"]);
    is_refused(&one("PORTCULLIS_TLS__ACME__DOMAINS", "*.example.com"), &["is a wildcard", "list the names one by one"]);
    is_refused(&one("PORTCULLIS_TLS__ACME__CONTACT", "admin"), &["`tls.acme.contact` `admin` is no mail address"]);
    is_refused(&one("PORTCULLIS_TLS__ACME__CHALLENGE", "http-01"), &["http_listen is not set", "tls-alpn-01"]);
    is_refused(&one("PORTCULLIS_TLS__ACME__CHALLENGE", "dns-01"), &["tls.acme.challenge", "`http-01`", "`tls-alpn-01`"]);
    is_refused(&one("PORTCULLIS_TLS__ACME__DIRECTORY_URL", "http://ca.example"), &["`tls.acme.directory_url` is no https address"]);
    is_refused(&one("PORTCULLIS_TLS__ACME__CA_FILE", "/nowhere/ca.pem"), &["`tls.acme.ca_file` cannot read /nowhere/ca.pem"]);
    is_refused(&one("PORTCULLIS_TLS__ACME__EAB_KID", "1234"), &["`tls.acme.eab_kid` is set, but tls.acme.eab_hmac_key is not"]);
    is_refused(
        &one("PORTCULLIS_TLS__ACME__EAB_HMAC_KEY_FILE", "/nowhere/key"),
        &["`tls.acme.eab_hmac_key_file`: cannot read /nowhere/key"],
    );
    is_refused(&one("PORTCULLIS_TLS__CERT_FILE", "cert.pem"), &["tls.mode is `acme`", "or remove them"]);
    is_refused(&[ACME, ALPN], &["`tls.acme.domains` is empty", "list the names"]);
}

#[test]
fn an_external_account_comes_from_files_and_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        std::fs::write(folder.path().join(name), content).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let (kid, key) = (file("kid", "1234\n"), file("key", "AAECAwQFBgcICQoLDA0ODw\n"));
    let variables = [ACME, ALPN, NAMES, ("PORTCULLIS_TLS__ACME__EAB_KID_FILE", &kid), ("PORTCULLIS_TLS__ACME__EAB_HMAC_KEY_FILE", &key)];
    let output = portcullis(&["serve", "--check"], &variables);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(printed.contains("tls.acme.eab_kid = \"1234\"\n") && printed.contains("tls.acme.eab_hmac_key = \"***\"\n"), "{printed}");
    assert!(printed.contains("tls.acme.domains = [\"example.com\",\"www.example.com\"]\n"), "{printed}");
}

#[test]
fn a_pair_that_cannot_be_used_stops_the_start_and_says_how_to_mend_it() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    pair(folder.path(), "localhost");
    pair(other.path(), "localhost");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let with = |key: &Path, said: &[&str]| {
        let [certificate, key] = [&certificate, key].map(|path| path.to_str().unwrap().to_owned());
        let files = [("PORTCULLIS_TLS__CERT_FILE", certificate.as_str()), ("PORTCULLIS_TLS__KEY_FILE", key.as_str())];
        is_refused(&[("PORTCULLIS_TLS__MODE", "files"), files[0], files[1]], said);
    };
    with(&other.path().join("key.pem"), &["does not belong to the certificate", "give the key that the certificate was made with"]);
    with(&certificate, &["holds no PEM private key that can be read"]);
    with(&folder.path().join("missing"), &["cannot read the private key", "may the service read it?"]);
    std::fs::write(&certificate, "half of a").unwrap();
    with(&key, &["holds no PEM certificate", certificate.to_str().unwrap()]);
}

#[test]
fn a_port_in_use_for_plain_http_stops_the_start() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = portcullis(
        &["serve"],
        &[
            ACME,
            NAMES,
            ("PORTCULLIS_HTTP_LISTEN", &address),
            ("PORTCULLIS_LISTEN", "127.0.0.1:0"),
            ("PORTCULLIS_MANAGEMENT_LISTEN", "127.0.0.1:0"),
        ],
    );
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert!(line.contains("PORTCULLIS_HTTP_LISTEN") && line.contains("another process has this port"), "{line}");
}

#[test]
fn a_data_folder_that_takes_nothing_stops_the_start_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    // No file may grow at all, which is what a full disk is like.
    let full = || {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" serve", env!("CARGO_BIN_EXE_portcullis")]);
        let output = command.envs([ACME, ALPN, NAMES]).current_dir(folder.path()).output().unwrap();
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(line.starts_with("error: ") && line.lines().count() == 1, "{line}");
        line
    };
    let line = full();
    assert!(line.contains("cannot use the data folder data: ") && line.contains("with room that the service can write to"), "{line}");
    assert_eq!(std::fs::read_dir(folder.path().join("data")).unwrap().count(), 0);

    std::fs::write(folder.path().join("file"), "").unwrap();
    let place = folder.path().join("file/data");
    let output = portcullis(&["serve"], &[ACME, ALPN, NAMES, ("PORTCULLIS_DATA_DIR", place.to_str().unwrap())]);
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert!(line.contains("cannot use the data folder") && line.lines().count() == 1, "{line}");
}

/// A service that runs until the end of its test.
struct Serving {
    process: Child,
    management: SocketAddr,
    folder: tempfile::TempDir,
}

impl Serving {
    fn start(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.arg("serve").envs(variables.iter().copied()).current_dir(folder.path());
        command.envs([("PORTCULLIS_LISTEN", "127.0.0.1:0"), ("PORTCULLIS_MANAGEMENT_LISTEN", "127.0.0.1:0")]);
        let mut process = command.stdout(log).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.starts_with("Health and metrics: ")).unwrap();
        let address = line.trim_start_matches("Health and metrics: http://").trim_end_matches("/metrics");
        Self { process, management: address.parse().unwrap(), folder }
    }

    fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.management).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Waits until the metrics say this.
    fn says(&self, line: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.metrics().contains(line) {
            assert!(Instant::now() < deadline, "{line}: {}{}", self.metrics(), self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the log says all of this: its lines are written a little later than they happen.
    fn logs(&self, parts: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !parts.iter().all(|part| self.log().contains(part)) {
            assert!(Instant::now() < deadline, "{parts:?}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_refused_certificate_shows_in_the_metrics_and_the_log() {
    let folder = tempfile::tempdir().unwrap();
    pair(folder.path(), "other.example");
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let serving = Serving::start(&[
        ("PORTCULLIS_TLS__MODE", "files"),
        ("PORTCULLIS_TLS__CERT_FILE", &path("cert.pem")),
        ("PORTCULLIS_TLS__KEY_FILE", &path("key.pem")),
    ]);
    serving.says("\ntls_certificates_refused_total 0\n");
    serving.says("\ntls_certificate_expiry_timestamp_seconds 6");
    std::fs::write(path("key.pem"), "no key").unwrap();
    serving.says("\ntls_certificates_refused_total 1\n");
    serving.logs(&["\"event\":\"tls_certificate_refused\"", "holds no PEM private key", "\"event\":\"tls_certificate_other_name\""]);
}

#[test]
fn an_authority_that_is_down_does_not_stop_the_start() {
    let serving = Serving::start(&[ACME, ALPN, NAMES, ("PORTCULLIS_TLS__ACME__DIRECTORY_URL", "https://127.0.0.1:1/dir")]);
    serving.says("\nacme_renewal_failures_total 1\n");
    serving.says("\nacme_renewals_total 0\n");
    serving.logs(&["\"event\":\"acme_certificate_awaited\"", "\"event\":\"acme_renewal_failed\"", "can't be reached (Connection refused"]);
}
