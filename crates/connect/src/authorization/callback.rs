//! Where the browser is sent after somebody agreed: a listener on this machine that serves one answer and is gone.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tenure_core::seams::{SourceError, SourceTrouble};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use url::{Host, Url};

use super::code::{Answer, Authorizing};

/// The longest head of a request, in bytes.
const HEAD: usize = 16 << 10;
/// How long a browser may take for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Requests that may wait.
const WAITING: usize = 8;

/// A listener at the address that a browser is sent to.
#[derive(Debug)]
pub struct Callback {
    listener: TcpListener,
    url: Url,
}

impl Callback {
    /// Listens there.
    ///
    /// # Errors
    /// An address that is not one of this machine, or is in use.
    pub async fn listen(url: &Url) -> Result<Self, SourceError> {
        let failed = |said: String, hint: &str| SourceError {
            kind: SourceTrouble::Refused,
            doing: format!("waiting for the browser at {url}"),
            said,
            hint: hint.to_owned(),
        };
        let address = address(url).ok_or_else(|| {
            failed(
                "this is not an address `http://127.0.0.1:PORT/…`, which can be answered here".to_owned(),
                "register such an address with the vendor as `redirect_url`, or use `--paste`",
            )
        })?;
        let listener = TcpListener::bind(address).await.map_err(|error| {
            failed(
                format!("the port cannot be used: {error}"),
                "end the program that uses it, choose another port in `redirect_url`, or use `--paste`",
            )
        })?;
        Ok(Self {
            listener,
            url: url.clone(),
        })
    }

    /// Waits for the answer to this request, and brings the matter to its end. What else comes is turned away: any
    /// page that the browser shows can call this address.
    pub async fn finish(self, authorizing: &Authorizing) -> Result<(), SourceError> {
        let (sender, mut calls) = mpsc::channel::<(TcpStream, String)>(WAITING);
        loop {
            let (mut stream, target) = tokio::select! {
                accepted = self.listener.accept() => {
                    // A connection that broke at once is the browser's affair.
                    if let Ok((stream, _)) = accepted {
                        tokio::spawn(read(stream, sender.clone()));
                    }
                    continue;
                }
                Some(call) = calls.recv() => call,
            };
            let Some(url) = self
                .url
                .join(&target)
                .ok()
                .filter(|url| url.path() == self.url.path())
            else {
                say(&mut stream, "404 Not Found", "There is nothing here.").await;
                continue;
            };
            let answer = Answer::read(&url);
            if !authorizing.is_answered_by(&answer) {
                let text = "This is no answer to what Tenure asked for. Open the address that it shows.";
                say(&mut stream, "400 Bad Request", text).await;
                continue;
            }
            let result = authorizing.finish(&answer).await;
            let (status, text) = if result.is_ok() {
                ("200 OK", "Tenure is authorized. This page can be closed.")
            } else {
                (
                    "400 Bad Request",
                    "It did not work; Tenure says why where it was started.",
                )
            };
            say(&mut stream, status, text).await;
            return result.map_err(|why| authorizing.in_words(why));
        }
    }
}

/// The address of this machine that a URL stands for.
fn address(url: &Url) -> Option<SocketAddr> {
    let ip = match url.host()? {
        Host::Domain("localhost") => Ipv4Addr::LOCALHOST.into(),
        Host::Ipv4(ip) if ip.is_loopback() => ip.into(),
        Host::Ipv6(ip) if ip.is_loopback() => ip.into(),
        _ => return None,
    };
    let port = url.port_or_known_default().filter(|_| url.scheme() == "http")?;
    Some(SocketAddr::new(ip, port))
}

/// Reads the head of a request and passes its target on. Whoever asks for something else than GET, or is too slow,
/// gets no answer.
async fn read(mut stream: TcpStream, calls: mpsc::Sender<(TcpStream, String)>) {
    let head = timeout(PATIENCE, async {
        let mut head = Vec::with_capacity(1024);
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            if head.len() >= HEAD || stream.read_buf(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        String::from_utf8(head).ok()
    });
    let Ok(Some(head)) = head.await else { return };
    let target = head
        .strip_prefix("GET /")
        .and_then(|rest| rest.split_once(" HTTP/1."))
        .map(|(target, _)| format!("/{target}"));
    if let Some(target) = target.filter(|target| !target.contains(char::is_whitespace)) {
        // When nobody waits any more the connection ends.
        let _ = calls.send((stream, target)).await;
    }
}

/// Answers, and lets the connection end.
async fn say(stream: &mut TcpStream, status: &str, text: &str) {
    let page = format!("<!doctype html><meta charset=utf-8><title>Tenure</title><p>{text}</p>\n");
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: \
         no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    // A browser that is gone needs no answer.
    let _ = timeout(PATIENCE, async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_without_tls_are_listened_at() {
        let address = |url: &str| address(&url.parse().unwrap()).map(|address| address.to_string());
        assert_eq!(
            address("http://127.0.0.1:8913/callback").unwrap(),
            "127.0.0.1:8913"
        );
        assert_eq!(address("http://localhost/").unwrap(), "127.0.0.1:80");
        assert_eq!(address("http://[::1]:9/a").unwrap(), "[::1]:9");
        for url in [
            "https://127.0.0.1:8913/",
            "http://tenure.example.com/",
            "http://10.0.0.1/",
        ] {
            assert_eq!(address(url), None, "{url}");
        }
    }
}
