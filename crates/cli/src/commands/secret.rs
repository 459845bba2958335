//! `tenure secret`: what documents refer to and never hold.

use std::io::{IsTerminal as _, Read as _};

use jiff::Timestamp;
use tenure_core::secret::Secret as SecretText;

use crate::arguments::Secret;
use crate::exit::Exit;
use crate::home::Home;
use crate::output::run::moment;

/// No secret is longer than this, in bytes.
const LONGEST: u64 = 64 << 10;

pub async fn secret(home: &Home, secret: Secret) -> super::Result {
    let engine = home.engine().await?;
    match secret {
        Secret::Set { name } => {
            let text = read(&name)?;
            let sealed = engine.vault().seal(&name, &text)?;
            engine.vault().save(&[sealed], Timestamp::now()).await?;
            println!("The secret `{name}` is kept. Documents use it as {{{{ secret('{name}') }}}}.");
        }
        Secret::List => {
            let secrets = engine.store().secrets().await?;
            if secrets.is_empty() {
                println!("There are no secrets yet. `tenure secret set NAME` keeps one.");
            }
            for entry in secrets {
                println!("{}  set {}", entry.name, moment(entry.updated_at));
            }
        }
        Secret::Delete { name } => {
            if !engine.store().delete_secret(&name).await? {
                return Err(format!(
                    "there is no secret `{name}`; `tenure secret list` shows those there are"
                )
                .into());
            }
            println!("The secret `{name}` is forgotten.");
        }
    }
    Ok(Exit::Done)
}

/// Asks for the secret without showing it, or reads it from standard input, where a line end at its end is dropped.
fn read(name: &str) -> super::Result<SecretText> {
    let text = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("Value of {name} (not shown): "))?
    } else {
        let mut text = String::new();
        std::io::stdin().take(LONGEST + 1).read_to_string(&mut text)?;
        text
    };
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err("nothing was given, so nothing was kept".into());
    }
    if text.len() as u64 > LONGEST {
        return Err("a secret has 64 KiB at most".into());
    }
    Ok(SecretText::new(text.to_owned()))
}
