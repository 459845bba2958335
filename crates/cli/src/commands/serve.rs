//! `tenure serve`: pages for browsers, until a signal ends it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tenure_connect::authorization::State;
use tenure_core::document::{DocumentError, Documents, check};
use tenure_engine::Engine;
use tenure_server::{PublicUrl, ReadDocuments, Server, Services, Unreadable};

use crate::arguments::Serve;
use crate::exit::Exit;
use crate::home::{Home, HomeError, documents_in};

pub async fn serve(home: &Home, serve: &Serve) -> super::Result {
    // Listened to from the beginning, so that no signal ends it halfway.
    let end = ended()?;
    let documents = checked(home.folder())?;
    let public = match &serve.public_url {
        Some(url) => Some(PublicUrl::parse(url)?),
        // Refused before anything is reachable.
        None => PublicUrl::of(serve.listen).map(|_| None)?,
    };
    let engine = home.engine().await?;
    let server = Server::listen(serve.listen)
        .await
        .map_err(|error| unusable(serve.listen, &error))?;
    // The port is known only now when it was left open.
    let public = public.map_or_else(|| PublicUrl::of(server.address()), Ok)?;
    tell(engine, &documents, &server, &public).await?;
    let folder = home.folder().to_owned();
    let read: ReadDocuments = Arc::new(move || checked(&folder).map_err(unreadable));
    let services = Services::new(engine.clone(), read, public);
    server.serve(services, end).await;
    eprintln!("Ended.");
    Ok(Exit::Done)
}

/// Says where it is, who can get there, what to register with vendors, and what somebody has to do.
async fn tell(
    engine: &Engine,
    documents: &Documents,
    server: &Server,
    public: &PublicUrl,
) -> super::Result<()> {
    println!("Tenure is at {public} (Ctrl-C ends it)");
    println!(
        "Redirect URL, to be registered with vendors: {}",
        public.callback()
    );
    let address = server.address();
    if !address.ip().is_loopback() {
        eprintln!(
            "Other machines can reach {address}, unencrypted. Let only the proxy of {public} get there, for example with \
             a firewall."
        );
    }
    if !(public.is_this_machine() && address.ip().is_loopback()) {
        eprintln!(
            "Tenure asks nobody to sign in: whoever reaches it sees the names of the applications, and can authorize them \
             with an account of their own. Let the proxy ask."
        );
    }
    for report in engine.authorizations(documents).await? {
        if let State::NeedsAuthorization { why, .. } = &report.state {
            println!("{}  needs authorization: {why}", report.application);
        }
    }
    Ok(())
}

fn unusable(address: SocketAddr, error: &std::io::Error) -> String {
    let hint = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "end the program that uses it, or choose another port with `--listen`"
        }
        std::io::ErrorKind::PermissionDenied => "choose a port above 1023 with `--listen`",
        _ => "choose an address of this machine with `--listen`",
    };
    format!("listening at {address}: {error}\n  {hint}")
}

/// The documents of a folder, with nothing in them that `tenure check` calls an error.
fn checked(folder: &Path) -> Result<Documents, HomeError> {
    let documents = documents_in(folder)?;
    let mut problems = check(&documents);
    problems.retain(DocumentError::is_error);
    if problems.is_empty() {
        Ok(documents)
    } else {
        Err(HomeError::Documents(problems))
    }
}

/// The errors one by one.
fn unreadable(error: HomeError) -> Unreadable {
    Unreadable(match error {
        HomeError::Documents(errors) => errors.iter().map(ToString::to_string).collect(),
        other => vec![other.to_string()],
    })
}

/// When somebody or the system asks it to end.
#[cfg(unix)]
fn ended() -> super::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// When somebody asks it to end.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn ended() -> super::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
