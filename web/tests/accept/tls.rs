use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{Clock, Timestamp};
use portcullis_web::accept::TlsProfile;
use rustls::NamedGroup;
use rustls::version::{TLS12, TLS13};
use tokio::io::AsyncWriteExt as _;

use crate::client::{connect, connect_tls, read_all, tls_client};
use crate::service::start;

const GET: &[u8] = b"GET /hello HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn the_first_start_makes_an_authority_and_a_certificate_for_localhost() {
    let running = start(|_| {}).await;
    for name in ["localhost", "127.0.0.1", "::1"] {
        let mut stream =
            connect_tls(tls_client(running.data.path(), rustls::ALL_VERSIONS, &["http/1.1"]), running.address, name).await.unwrap();
        stream.write_all(GET).await.unwrap();
        let answer = read_all(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("strict-transport-security: "), "{answer}");
    }
    let stranger = connect_tls(tls_client(running.data.path(), rustls::ALL_VERSIONS, &[]), running.address, "example.com").await;
    assert!(stranger.is_err());
}

#[tokio::test]
async fn only_the_owner_reads_the_development_keys() {
    let running = start(|_| {}).await;
    let mode = |name: &str| std::fs::metadata(running.data.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("tls"), 0o700);
    for file in ["tls/ca.pem", "tls/ca.key", "tls/cert.pem", "tls/key.pem"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
    assert_eq!(std::fs::read_dir(running.data.path().join("tls")).unwrap().count(), 4);
}

#[tokio::test]
async fn the_development_certificate_is_kept_and_renewed_before_it_ends() {
    let (clock, hand) = Clock::manual(Timestamp::from_seconds(1_790_000_000));
    let first = start(|settings| settings.clock = clock.clone()).await;
    let folder = first.data.path().join("tls");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let (authority, certificate) = (read("ca.pem"), read("cert.pem"));
    let certificates = first.certificates.clone().unwrap();

    hand.advance(Duration::from_secs(59 * 86_400));
    assert!(!certificates.reload_now());
    let data = first.data.path().to_owned();
    let second = start(|settings| (settings.data_dir, settings.clock) = (data, clock.clone())).await;
    assert_eq!((read("ca.pem"), read("cert.pem")), (authority.clone(), certificate.clone()));
    drop(second);

    hand.advance(Duration::from_secs(2 * 86_400));
    let before = certificates.expires();
    assert!(certificates.reload_now());
    assert_ne!(read("cert.pem"), certificate);
    assert_eq!(read("ca.pem"), authority);
    assert_eq!(certificates.expires().since(before), Duration::from_secs(61 * 86_400));
}

#[tokio::test]
async fn a_damaged_development_folder_is_mended() {
    let first = start(|_| {}).await;
    for damaged in ["ca.pem", "ca.key", "cert.pem", "key.pem"] {
        std::fs::write(first.data.path().join("tls").join(damaged), "no PEM").unwrap();
        let data = first.data.path().to_owned();
        let again = start(|settings| settings.data_dir = data).await;
        connect(first.data.path(), again.address, &["http/1.1"]).await;
    }
}

#[tokio::test]
async fn alpn_chooses_http_2_or_1_1_and_nothing_else() {
    let running = start(|_| {}).await;
    let chosen =
        async |alpn: &[&str]| connect(running.data.path(), running.address, alpn).await.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    assert_eq!(chosen(&["h2", "http/1.1"]).await.unwrap(), b"h2");
    assert_eq!(chosen(&["http/1.1", "h2"]).await.unwrap(), b"h2");
    assert_eq!(chosen(&["http/1.1"]).await.unwrap(), b"http/1.1");
    let other = connect_tls(tls_client(running.data.path(), rustls::ALL_VERSIONS, &["spdy/3"]), running.address, "localhost").await;
    assert!(other.is_err());
    let mut none = connect(running.data.path(), running.address, &[]).await;
    none.write_all(GET).await.unwrap();
    assert!(read_all(&mut none).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn the_key_exchange_is_post_quantum_first() {
    let running = start(|_| {}).await;
    let stream = connect(running.data.path(), running.address, &["h2"]).await;
    assert_eq!(stream.get_ref().1.negotiated_key_exchange_group().unwrap().name(), NamedGroup::X25519MLKEM768);
}

#[tokio::test]
async fn intermediate_speaks_tls_1_2_and_modern_does_not() {
    let (intermediate, modern) = (start(|_| {}).await, start(|settings| settings.tls.profile = TlsProfile::Modern).await);
    let can = async |running: &crate::service::Running, version| {
        connect_tls(tls_client(running.data.path(), &[version], &["h2"]), running.address, "localhost").await.is_ok()
    };
    assert_eq!((can(&intermediate, &TLS12).await, can(&intermediate, &TLS13).await), (true, true));
    assert_eq!((can(&modern, &TLS12).await, can(&modern, &TLS13).await), (false, true));
}

#[tokio::test]
async fn a_session_is_resumed_but_never_with_early_data() {
    let running = start(|_| {}).await;
    let mut configuration = tls_client(running.data.path(), &[&TLS13], &["http/1.1"]);
    Arc::get_mut(&mut configuration).unwrap().enable_early_data = true;
    let mut first = connect_tls(Arc::clone(&configuration), running.address, "localhost").await.unwrap();
    first.write_all(GET).await.unwrap();
    read_all(&mut first).await;
    let mut second = connect_tls(configuration, running.address, "localhost").await.unwrap();
    second.write_all(GET).await.unwrap();
    read_all(&mut second).await;
    let connection = second.get_ref().1;
    assert_eq!(connection.handshake_kind(), Some(rustls::HandshakeKind::Resumed));
    assert!(!connection.is_early_data_accepted());
}

#[test]
fn installing_the_cryptography_twice_is_harmless() {
    portcullis_web::accept::install_crypto_provider();
    portcullis_web::accept::install_crypto_provider();
    assert!(rustls::crypto::CryptoProvider::get_default().is_some());
}
