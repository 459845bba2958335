//! The client against a real server on loopback, plain and with TLS.

mod limits;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Uri;
use axum::response::Response;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use tenure_core::secret::Secret;

use super::*;

/// `{"results":[{"_id":1}]}` as gzip writes it.
const COMPRESSED: [u8; 43] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 42, 74, 45, 46, 205, 41, 41, 86, 178, 138, 174, 86, 138, 207,
    76, 81, 178, 50, 172, 141, 173, 5, 0, 198, 179, 90, 35, 23, 0, 0, 0,
];

fn client(change: impl FnOnce(&mut HttpOptions)) -> HttpClient {
    let retries = Retries {
        times: 2,
        first: Duration::from_millis(1),
        longest: Duration::from_millis(2),
    };
    let mut options = HttpOptions {
        private_addresses: PrivateAddresses::Allowed,
        retries,
        ..HttpOptions::default()
    };
    change(&mut options);
    HttpClient::new(options).unwrap()
}

/// A server that answers by the path, and how many requests came.
async fn serve(
    answer: impl Fn(&str) -> Response + Clone + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let router = Router::new().fallback(move |uri: Uri| {
        counted.fetch_add(1, Ordering::SeqCst);
        let response = answer(uri.path());
        async move { response }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, calls)
}

fn redirect(to: &str) -> Response {
    Response::builder()
        .status(302)
        .header("location", to)
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn redirects_are_followed_within_the_host_only() {
    let (elsewhere, reached) = serve(|_| Response::new("stolen".into())).await;
    let there = elsewhere.clone();
    let (url, _) = serve(move |path| match path {
        "/near" => redirect("/here"),
        "/far" => redirect(&format!("{there}/take?key=1")),
        "/round" => redirect("/round"),
        _ => Response::new("here".into()),
    })
    .await;
    let client = client(|_| {});
    let near = client
        .send(&HttpRequest::get(format!("{url}/near")))
        .await
        .unwrap();
    assert_eq!(near.body, "here");
    let far = client
        .send(&HttpRequest::get(format!("{url}/far")))
        .await
        .unwrap_err();
    assert!(
        matches!(&far.error, HttpError::RedirectElsewhere { to } if *to == elsewhere),
        "{far}"
    );
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    let round = client
        .send(&HttpRequest::get(format!("{url}/round")))
        .await
        .unwrap_err();
    assert!(matches!(round.error, HttpError::RedirectLoop), "{round}");
}

#[tokio::test]
async fn a_key_does_not_follow_a_redirect_away_from_tls() {
    let (plain, reached) = serve(|_| Response::new("overheard".into())).await;
    let port = plain.rsplit(':').next().unwrap();
    let away = format!("http://localhost:{port}/");
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {away}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (port, pem) = serve_with_tls(answer).await;
    let client = client(|options| options.trust = Trust::Authorities { pem });
    let mut request = HttpRequest::get(format!("https://localhost:{port}/"));
    let key = Masked::Secret {
        sent: Secret::new("the-key".to_owned()),
        shown: MASK.to_owned(),
    };
    request.headers.push(("x-api-key".to_owned(), key));
    let error = client.send(&request).await.unwrap_err();
    assert!(
        matches!(&error.error, HttpError::RedirectElsewhere { to } if away.starts_with(to.as_str())),
        "{error}"
    );
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn answers_are_decompressed_and_bounded_by_what_they_become() {
    let (url, _) = serve(|path| match path {
        "/gzip" => Response::builder()
            .header("content-encoding", "gzip")
            .body(COMPRESSED.to_vec().into())
            .unwrap(),
        "/broken" => {
            // The head, and then a block of a kind that is none.
            let damaged = [&COMPRESSED[..10], &[0xff; 33]].concat();
            Response::builder()
                .header("content-encoding", "gzip")
                .body(damaged.into())
                .unwrap()
        }
        _ => {
            // Without a length that would give it away.
            let pieces = (0..100).map(|_| Ok::<_, std::io::Error>("0123456789"));
            Response::new(Body::from_stream(futures_util::stream::iter(pieces)))
        }
    })
    .await;
    let small = client(|options| options.response_bytes = 23);
    let answer = small
        .send(&HttpRequest::get(format!("{url}/gzip")))
        .await
        .unwrap();
    assert_eq!(answer.body, "{\"results\":[{\"_id\":1}]}");
    let long = small
        .send(&HttpRequest::get(format!("{url}/long")))
        .await
        .unwrap_err();
    assert!(matches!(long.error, HttpError::TooLarge { limit: 23 }), "{long}");
    let smaller = client(|options| options.response_bytes = 22);
    let bomb = smaller
        .send(&HttpRequest::get(format!("{url}/gzip")))
        .await
        .unwrap_err();
    assert!(matches!(bomb.error, HttpError::TooLarge { .. }), "{bomb}");
    let broken = small
        .send(&HttpRequest::get(format!("{url}/broken")))
        .await
        .unwrap_err();
    assert!(matches!(broken.error, HttpError::Compression { .. }), "{broken}");
}

#[tokio::test]
async fn what_may_not_be_repeated_is_sent_once() {
    let failing = |_: &str| Response::builder().status(503).body(Body::empty()).unwrap();
    let (url, calls) = serve(failing).await;
    let client = client(|_| {});
    let once = HttpRequest::new(Method::POST, url.clone(), Repeatable::No);
    assert_eq!(client.send(&once).await.unwrap_err().tries, 1);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let again = HttpRequest::new(Method::POST, url, Repeatable::Yes);
    assert_eq!(client.send(&again).await.unwrap_err().tries, 3);
    assert_eq!(client.exchange(&again).await.unwrap().status.as_u16(), 503);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = client(|options| {
        options.read_timeout = Duration::from_millis(20);
        options.retries.times = 0;
    });
    let error = silent.send(&HttpRequest::get(url.clone())).await.unwrap_err();
    assert_eq!(
        error.error.to_string(),
        "nothing came within the time-out of 0.02 s"
    );
    let hasty = client(|options| options.total_time = Duration::from_millis(20));
    let error = hasty.send(&HttpRequest::get(url)).await.unwrap_err();
    assert_eq!(
        error.error.to_string(),
        "not done within 0.02 s (last: still waiting for the answer)"
    );
}

#[tokio::test]
async fn a_wait_that_is_asked_for_and_too_long_is_told_at_once() {
    let busy = |_: &str| {
        Response::builder()
            .status(429)
            .header("retry-after", "3600")
            .body("later".into())
            .unwrap()
    };
    let (url, calls) = serve(busy).await;
    let error = client(|_| {}).send(&HttpRequest::get(url)).await.unwrap_err();
    assert_eq!(
        error.error.to_string(),
        "not done within 300 s (last: 429 Too Many Requests: later; it asks to wait 3600 s)"
    );
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// A server with TLS that gives every request this answer; its port, and the authority that its certificate is of.
async fn serve_with_tls(answer: String) -> (u16, String) {
    let authority = tenure_lab::Authority::shared().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let issued = authority.issue(folder.path(), &["localhost"], &[]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&issued.certificate).unwrap()],
            PrivateKeyDer::from_pem_file(&issued.key).unwrap(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let Ok(mut connection) = acceptor.accept(connection).await else {
                continue;
            };
            let mut request = [0; 4096];
            if connection.read(&mut request).await.is_ok() {
                connection.write_all(answer.as_bytes()).await.ok();
                connection.shutdown().await.ok();
            }
        }
    });
    (port, std::fs::read_to_string(authority.ca_pem_path()).unwrap())
}

#[tokio::test]
async fn certificates_are_believed_from_the_configured_authority_only() {
    let safe = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nsafe";
    let (port, pem) = serve_with_tls(safe.to_owned()).await;
    let trusting = client(|options| options.trust = Trust::Authorities { pem });
    let request = HttpRequest::get(format!("https://localhost:{port}/"));
    assert_eq!(trusting.send(&request).await.unwrap().body, "safe");
    let error = client(|_| {}).send(&request).await.unwrap_err();
    assert_eq!(
        error.error.to_string(),
        "no trusted connection: its certificate comes from an authority that is not known here"
    );
    let by_address = HttpRequest::get(format!("https://127.0.0.1:{port}/"));
    let error = trusting.send(&by_address).await.unwrap_err();
    assert!(
        matches!(&error.error, HttpError::Trust { why } if why.contains("certificate is not valid")),
        "{error}"
    );
}
