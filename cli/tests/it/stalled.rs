//! Clients that ask for long answers and take nothing of them, against a service in a process of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use http::{Method, Request, Response, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpSocket;
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::support::Service;

/// Long enough for a slow machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// A public answer of more than a megabyte.
const LONG: &str = "/docs/assets/swagger-ui-bundle.js";
const CONNECTIONS: usize = 5;
const STREAMS: usize = 90;
/// What 450 streams that hold no answer may take.
const MOST_GROWTH_KIB: usize = 32 * 1024;
/// What all requests and handshakes of the test may cost: ten times what they do in a build without optimization.
const MOST_PROCESSOR_TIME: Duration = Duration::from_secs(5);

/// An HTTP/2 connection from this address to the service, whose streams begin with this window.
async fn connect(service: &Service, from: [u8; 4], window: u32) -> SendRequest<Bytes> {
    let authority = CertificateDer::from_pem_file(service.folder().join("data/tls/ca.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let configuration = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut configuration = configuration.with_root_certificates(roots).with_no_client_auth();
    configuration.alpn_protocols = vec![b"h2".to_vec()];
    let port: u16 = service.base.rsplit(':').next().unwrap().parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let stream = socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(configuration)).connect(name, stream).await.unwrap();
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(window).initial_connection_window_size(16 * 1024 * 1024);
    let (client, connection) = builder.handshake(stream).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    client.ready().await.unwrap()
}

async fn ask(client: &SendRequest<Bytes>, method: Method, path: &str) -> Result<Response<RecvStream>, h2::Error> {
    let request = Request::builder().method(method).uri(format!("https://localhost{path}")).body(()).unwrap();
    let mut client = client.clone().ready().await?;
    timeout(PATIENCE, client.send_request(request, true)?.0).await.unwrap()
}

/// Takes all of an answer, as fast as it comes; how long it is.
async fn take(mut answer: Response<RecvStream>) -> Result<usize, h2::Error> {
    let mut length = 0;
    while let Some(part) = timeout(PATIENCE, answer.body_mut().data()).await.unwrap() {
        let part = part?;
        answer.body_mut().flow_control().release_capacity(part.len())?;
        length += part.len();
    }
    Ok(length)
}

/// Takes an answer at some 200 KiB a second.
async fn take_slowly(mut answer: Response<RecvStream>) -> usize {
    let mut length = 0;
    while let Some(part) = timeout(PATIENCE, answer.body_mut().data()).await.unwrap() {
        let part = part.unwrap();
        length += part.len();
        sleep(Duration::from_secs(1) * u32::try_from(part.len()).unwrap() / (200 * 1024)).await;
        answer.body_mut().flow_control().release_capacity(part.len()).unwrap();
    }
    length
}

/// Stalls many streams of one connection and asks something trivial on it all the time, until every stream is reset.
async fn attack(service: &Service) {
    let client = connect(service, [127, 0, 0, 1], 0).await;
    let mut answers = Vec::new();
    for _ in 0..STREAMS {
        let answer = ask(&client, Method::GET, LONG).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answers.push(answer);
    }
    let trivial = async {
        let mut ticks = interval(Duration::from_millis(250));
        loop {
            ticks.tick().await;
            assert_eq!(ask(&client, Method::HEAD, LONG).await.unwrap().status(), StatusCode::OK, "the connection goes on");
        }
    };
    let ends = async {
        for answer in answers {
            let error = take(answer).await.unwrap_err();
            assert!(error.is_reset(), "{error}");
        }
    };
    tokio::select! {
        () = trivial => {}
        () = ends => {}
    }
    assert_eq!(ask(&client, Method::HEAD, LONG).await.unwrap().status(), StatusCode::OK, "after all of them, too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_streams_end_while_a_slow_client_and_others_are_served() {
    let no_bound = (1_u64 << 40).to_string();
    let service = Service::start_with(&[("LIMITS__WRITE_STALL_SECONDS", "3"), ("LIMITS__UNSENT_ANSWER_BYTES", &no_bound)]);
    let honest = connect(&service, [127, 0, 0, 2], 64 * 1024).await;
    let length = take(ask(&honest, Method::GET, LONG).await.unwrap()).await.unwrap();
    let (before, began) = (service.resident(), service.processor_time());
    let slowly = async { take_slowly(ask(&honest, Method::GET, LONG).await.unwrap()).await };
    let others = async {
        let mut most = before;
        for _ in 0..20 {
            let client = connect(&service, [127, 0, 0, 3], 64 * 1024).await;
            assert_eq!(take(ask(&client, Method::GET, "/livez").await.unwrap()).await.unwrap(), 3, "others are served");
            most = most.max(service.resident());
            sleep(Duration::from_millis(200)).await;
        }
        most
    };
    let attacks = async {
        let attacks: [_; CONNECTIONS] = std::array::from_fn(|_| attack(&service));
        let [a, b, c, d, e] = attacks;
        tokio::join!(a, b, c, d, e);
    };
    let (slow, most, ()) = tokio::join!(slowly, others, attacks);
    assert_eq!(slow, length, "a slow client gets everything");
    let spent = service.processor_time() - began;
    assert!(spent <= MOST_PROCESSOR_TIME, "{spent:?} of processor time");
    assert!(most <= before + MOST_GROWTH_KIB, "resident memory grew from {before} to {most} KiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_leaves_its_answers_is_turned_away_until_they_end_and_others_are_not() {
    let bound = (64 * 1024 * 1024).to_string();
    let service = Service::start_with(&[("LIMITS__WRITE_STALL_SECONDS", "3"), ("LIMITS__UNSENT_ANSWER_BYTES", &bound)]);
    let stalling = connect(&service, [127, 0, 0, 1], 0).await;
    let mut answers = Vec::new();
    // An anonymous address may hold 6 MiB: a few of these answers.
    let turned_away = loop {
        let answer = ask(&stalling, Method::GET, LONG).await.unwrap();
        if answer.status() != StatusCode::OK {
            break answer;
        }
        answers.push(answer);
        assert!(answers.len() <= 6, "{} answers are held", answers.len());
    };
    assert_eq!(turned_away.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(turned_away.headers()["retry-after"], "1");
    let innocent = connect(&service, [127, 0, 0, 2], 64 * 1024).await;
    let answer = ask(&innocent, Method::GET, LONG).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "another address");
    assert!(take(answer).await.unwrap() > 1024 * 1024);
    for answer in answers {
        take(answer).await.unwrap_err();
    }
    let again = connect(&service, [127, 0, 0, 1], 64 * 1024).await;
    assert_eq!(ask(&again, Method::GET, LONG).await.unwrap().status(), StatusCode::OK, "room again");
}
