use portcullis_web::accept::{LimitsSettings, Server, TlsMode, TlsSettings};
use tempfile::TempDir;

use crate::service::{settings, start};

async fn refusal(change: impl FnOnce(&mut portcullis_web::accept::ServerSettings)) -> String {
    let data = TempDir::new().unwrap();
    let mut settings = settings(data.path());
    change(&mut settings);
    Server::bind(settings).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_port_in_use_stops_the_start_and_says_which_setting() {
    let running = start(|_| {}).await;
    let message = refusal(|settings| settings.listen = running.address).await;
    assert!(message.contains("PORTCULLIS_LISTEN") && message.contains("another process has this port"), "{message}");
    let message = refusal(|settings| settings.management_listen = running.address).await;
    assert!(message.contains("PORTCULLIS_MANAGEMENT_LISTEN"), "{message}");
}

#[tokio::test]
async fn an_address_of_another_machine_stops_the_start() {
    let message = refusal(|settings| settings.listen = "192.0.2.1:0".parse().unwrap()).await;
    assert!(message.contains("this machine doesn't have this address"), "{message}");
}

#[tokio::test]
async fn plain_http_without_a_trusted_proxy_stops_the_start() {
    let message = refusal(|settings| settings.tls.mode = TlsMode::BehindProxy).await;
    assert!(message.contains("proxy.trusted is empty"), "{message}");
}

#[tokio::test]
async fn a_redirect_to_nowhere_stops_the_start() {
    let message = refusal(|settings| settings.public_url = "http://localhost".to_owned()).await;
    assert!(message.contains("public_url"), "{message}");
}

#[tokio::test]
async fn files_mode_names_the_file_that_is_missing() {
    let message = refusal(|settings| settings.tls.mode = TlsMode::Files).await;
    assert!(message.contains("tls.cert_file is not set"), "{message}");
    let files = |settings: &mut portcullis_web::accept::ServerSettings| {
        settings.tls = TlsSettings {
            mode: TlsMode::Files,
            cert_file: Some("/nowhere/cert.pem".into()),
            key_file: Some("/nowhere/key.pem".into()),
            ..TlsSettings::default()
        };
    };
    let message = refusal(files).await;
    assert!(message.contains("cannot read the certificate /nowhere/cert.pem"), "{message}");
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let nothing = LimitsSettings { keep_alive_seconds: 0, ..LimitsSettings::default() };
    assert!(nothing.limits().unwrap_err().to_string().contains("limits.keep_alive_seconds is 0"));
    let endless = LimitsSettings { header_read_seconds: u64::MAX, ..LimitsSettings::default() };
    assert!(endless.limits().unwrap_err().to_string().contains("86400 at most"));
    let huge = LimitsSettings { url_bytes: 1 << 20, ..LimitsSettings::default() };
    assert!(huge.limits().unwrap_err().to_string().contains("limits.url_bytes"));
}

#[test]
fn settings_know_their_names_and_refuse_others() {
    let magic = serde_json::from_str::<TlsSettings>(r#"{"mode": "magic"}"#).unwrap_err().to_string();
    assert!(magic.contains("expected one of `dev`, `files`, `acme`, `behind_proxy`"), "{magic}");
    assert!(serde_json::from_str::<TlsSettings>(r#"{"certfile": "x"}"#).is_err());
    assert!(serde_json::from_str::<LimitsSettings>(r#"{"conections": 1}"#).is_err());
    let modern = serde_json::from_str::<TlsSettings>(r#"{"mode": "behind_proxy", "profile": "modern"}"#).unwrap();
    assert_eq!(modern.mode, TlsMode::BehindProxy);
    assert!(!modern.is_development());
}
