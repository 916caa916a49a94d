//! Pebble, Let's Encrypt's own test authority, as a process of the test. Debian's package `pebble` has it.
//!
//! The tests that need it run where the environment says `PORTCULLIS_TEST_PEBBLE=1`; elsewhere each says on standard error that it was
//! skipped. Demanding it where it is missing fails them.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portcullis_web::accept::{AcmeSettings, install_crypto_provider};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpSocket;

use crate::dns::Dns;

/// Whether the tests with Pebble are to run here.
pub(crate) fn is_demanded(test: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "a choice of the test run, not a setting of the program")]
    let choice = std::env::var("PORTCULLIS_TEST_PEBBLE").unwrap_or_default();
    assert!(["", "0", "1"].contains(&choice.as_str()), "PORTCULLIS_TEST_PEBBLE is `1`, or unset, not `{choice}`");
    if choice == "1" {
        return true;
    }
    let line = format!("SKIPPED {test}: set PORTCULLIS_TEST_PEBBLE=1 to run it against Pebble\n");
    // Not by a macro, whose output is captured: it is seen of tests that pass.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    false
}

/// The place of an authority: its ports and its own certificate. It is not there until it is started.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    acme: TcpSocket,
    management: TcpSocket,
    dns: Dns,
    /// More for its configuration.
    pub(crate) extra: Value,
    /// Variables that make it misbehave.
    pub(crate) variables: Vec<(&'static str, &'static str)>,
}

/// An authority that runs.
pub(crate) struct Pebble {
    process: Process,
    folder: TempDir,
    dns: Dns,
    extra: Value,
    variables: Vec<(&'static str, &'static str)>,
    acme: SocketAddr,
    management: SocketAddr,
}

impl Place {
    pub(crate) fn new() -> Self {
        install_crypto_provider();
        let folder = TempDir::new().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap();
        let leaf_key = KeyPair::generate().unwrap();
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let leaf = CertificateParams::new(names).unwrap().signed_by(&leaf_key, &Issuer::from_params(&params, &key)).unwrap();
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        write("root.pem", root.pem());
        write("leaf.pem", leaf.pem());
        write("leaf.key", leaf_key.serialize_pem());
        let free = || held(SocketAddr::from(([127, 0, 0, 1], 0)));
        Self { folder, acme: free(), management: free(), dns: Dns::start(), extra: json!({}), variables: vec![("PEBBLE_VA_NOSLEEP", "1")] }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    pub(crate) fn directory(&self) -> String {
        format!("https://{}/dir", self.acme.local_addr().unwrap())
    }

    /// The settings with which a service trusts it.
    pub(crate) fn settings(&self, domains: &[&str]) -> AcmeSettings {
        AcmeSettings {
            domains: domains.iter().map(|name| (*name).to_owned()).collect(),
            contact: vec!["admin@notes.example".to_owned()],
            directory_url: Some(self.directory()),
            ca_file: Some(self.root()),
            ..AcmeSettings::default()
        }
    }

    /// Starts the authority, which looks for challenges at these ports.
    pub(crate) async fn start(self, http: SocketAddr, tls: SocketAddr) -> Pebble {
        let (acme, management) = (self.acme.local_addr().unwrap(), self.management.local_addr().unwrap());
        let mut configuration = json!({
            "listenAddress": acme.to_string(), "managementListenAddress": management.to_string(),
            "certificate": self.folder.path().join("leaf.pem"), "privateKey": self.folder.path().join("leaf.key"),
            "httpPort": http.port(), "tlsPort": tls.port(),
        });
        configuration.as_object_mut().unwrap().extend(self.extra.as_object().unwrap().clone());
        let file = self.folder.path().join("pebble.json");
        std::fs::write(&file, json!({ "pebble": configuration }).to_string()).unwrap();
        let Self { folder, acme: held, management: also_held, dns, extra, variables } = self;
        let mut command = Command::new("pebble");
        command.arg("-config").arg(&file).arg("-dnsserver").arg(dns.address.to_string()).envs(variables.iter().copied());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // Its ports were ours until now.
        drop((held, also_held));
        let process =
            Process(command.spawn().expect("PORTCULLIS_TEST_PEBBLE=1 needs the program `pebble`, of Debian's package of that name"));
        let mut pebble = Pebble { process, folder, dns, extra, variables, acme, management };
        pebble.answers().await;
        pebble
    }
}

impl Pebble {
    /// Ends it; its place is kept.
    pub(crate) fn stop(self) -> Place {
        let Self { process, folder, dns, extra, variables, acme, management } = self;
        drop(process);
        Place { folder, acme: held(acme), management: held(management), dns, extra, variables }
    }

    pub(crate) fn directory(&self) -> String {
        format!("https://{}/dir", self.acme)
    }

    /// The root of the certificates that it issues, another one with each start.
    pub(crate) async fn issuing_root(&self) -> Vec<u8> {
        let address = format!("https://{}/roots/0", self.management);
        self.client().get(address).send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    async fn answers(&mut self) {
        let (client, address) = (self.client(), self.directory());
        let answers = async {
            while client.get(&address).send().await.is_err() {
                assert!(self.process.0.try_wait().unwrap().is_none(), "pebble ended");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(crate::client::PATIENCE, answers).await.expect("pebble answers");
    }

    pub(crate) fn client(&self) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(&std::fs::read(self.folder.path().join("root.pem")).unwrap()).unwrap();
        reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().unwrap()
    }
}

/// A port that is taken, and where nobody listens.
fn held(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    // What a program left there a moment ago doesn't count.
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

/// A program that ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
