//! `tenure authorize`: letting somebody agree that Tenure may call an application, once.

use std::io::{IsTerminal as _, Read as _};
use std::sync::Arc;
use std::time::Duration;

use tenure_connect::authorization::{Answer, Callback, State, Tokens};
use tenure_core::document::Grant;
use tenure_core::seams::SourceError;
use tenure_engine::{AuthorizationReport, EngineError};

use crate::exit::Exit;
use crate::home::Home;
use crate::output::run::moment;
use crate::output::style::Style;

/// How long somebody has for signing in and agreeing.
const PATIENCE: Duration = Duration::from_mins(15);
/// No address is longer than this, in bytes.
const LONGEST: u64 = 64 << 10;

pub async fn authorize(home: &Home, application: Option<&str>, paste: bool) -> super::Result {
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let Some(application) = application else {
        return Ok(list(&engine.authorizations(&documents).await?));
    };
    let tokens = engine.tokens(&documents, application)?;
    match tokens.grant() {
        Grant::ClientCredentials => tokens.ready().await.map_err(worded)?,
        Grant::AuthorizationCode => ask(&tokens, paste).await?,
    }
    println!(
        "The application `{application}` is authorized. Its token is kept in the vault and renewed by itself."
    );
    Ok(Exit::Done)
}

/// Every application that uses OAuth 2.0, and whether it is authorized.
fn list(reports: &[AuthorizationReport]) -> Exit {
    let style = Style::stdout();
    if reports.is_empty() {
        println!("No application uses OAuth 2.0 (`authorization: {{ type: oauth2, … }}`).");
    }
    for AuthorizationReport { application, state } in reports {
        match state {
            State::Authorized { until: Some(until) } => {
                let until = moment(*until);
                println!(
                    "{application}  {}, token until {until}",
                    style.green("authorized")
                );
            }
            State::Authorized { until: None } => println!("{application}  {}", style.green("authorized")),
            State::NeedsAuthorization { why, .. } => {
                println!("{application}  {}: {why}", style.red("needs authorization"));
                println!("  run `tenure authorize {application}`");
            }
        }
    }
    let needed = |report: &AuthorizationReport| matches!(report.state, State::NeedsAuthorization { .. });
    if reports.iter().any(needed) {
        Exit::Held
    } else {
        Exit::Done
    }
}

/// Shows the address to open, and waits for what the browser brings back.
async fn ask(tokens: &Arc<Tokens>, paste: bool) -> super::Result<()> {
    let authorizing = tokens.begin().await.map_err(worded)?;
    let redirect = authorizing.redirect_url();
    // Listened at before the address is shown, so that no answer finds nobody there.
    let callback = if paste {
        None
    } else {
        Some(Callback::listen(redirect).await.map_err(worded)?)
    };
    println!(
        "Open this address in a browser, sign in, and agree:\n\n{}\n",
        authorizing.url()
    );
    let finished = if let Some(callback) = callback {
        println!("Waiting for the browser at {redirect} (Ctrl-C gives up) …");
        tokio::time::timeout(PATIENCE, callback.finish(&authorizing))
            .await
            .map_err(|_| "nobody agreed within 15 minutes; run the command again")?
    } else {
        let result = authorizing.finish(&pasted(redirect)?).await;
        result.map_err(|why| authorizing.in_words(why))
    };
    Ok(finished.map_err(worded)?)
}

/// The address that the browser ended at, from the terminal. It is not shown while it is entered: the code is in it.
fn pasted(redirect: &impl std::fmt::Display) -> super::Result<Answer> {
    println!("Afterwards the browser shows an address that begins with {redirect}, or cannot open it.");
    let text = if std::io::stdin().is_terminal() {
        rpassword::prompt_password("Paste that address here (not shown): ")?
    } else {
        let mut text = String::new();
        std::io::stdin().take(LONGEST).read_to_string(&mut text)?;
        text
    };
    let url = text
        .trim()
        .parse()
        .map_err(|_| "this is not an address; paste all of it, from `http` to its end")?;
    Ok(Answer::read(&url))
}

/// With what to do about it.
fn worded(error: SourceError) -> EngineError {
    error.into()
}
