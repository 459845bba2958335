//! `tenure notify`: notifications tried, and messages about runs that were not sent.

use serde_json::json;
use tenure_core::profile::PersonKey;
use tenure_engine::WebhookTry;
use tenure_store::{Notice, NoticeState, RunId};

use super::tried;
use crate::arguments::Notify;
use crate::exit::Exit;
use crate::home::Home;
use crate::output::json::{VERSION, print};
use crate::output::notices;
use crate::output::style::Style;

pub async fn notify(home: &Home, asked: &Notify) -> super::Result {
    match asked {
        Notify::Test {
            name,
            to,
            run,
            person,
            accounts,
            directory,
            show_only,
            json,
        } => {
            let how = if *show_only {
                WebhookTry::ShowOnly
            } else {
                WebhookTry::Call
            };
            match (run, name) {
                (Some(run), name) => {
                    let about = (*run, person.as_deref());
                    about_run(home, (name.as_deref(), to), about, how, *json).await
                }
                (None, name) => {
                    let name = name.as_deref().unwrap_or_default();
                    tried::about_accounts(home, (name, to), directory.as_deref(), accounts, how, *json).await
                }
            }
        }
        Notify::Send {
            run,
            repeat_in_doubt,
            json,
        } => send(home, *run, *repeat_in_doubt, *json).await,
        Notify::Drop { run } => drop_all(home, *run).await,
    }
}

async fn about_run(
    home: &Home,
    (name, to): (Option<&str>, &[String]),
    (run, person): (RunId, Option<&str>),
    how: WebhookTry,
    as_json: bool,
) -> super::Result {
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let person = match person {
        None => None,
        Some(key) => Some(PersonKey::new(key).ok_or_else(|| format!("`{key}` is not a key"))?),
    };
    let test = engine
        .test_digest(&documents, (name, run), person.as_ref(), to, how)
        .await?;
    let outcome = test.run.as_ref().map(|run| &run.outcome);
    let success = match outcome {
        Some(outcome) => outcome.is_success(),
        None => test.shown.is_ok(),
    };
    if as_json {
        print(&json!({
            "version": VERSION,
            "run": run,
            "notification": name,
            "shown": test.shown.as_ref().ok(),
            "error": test.shown.as_ref().err().filter(|why| !why.is_empty()),
            "result": outcome,
            "success": success,
        }));
    } else {
        let style = Style::stdout();
        match &test.shown {
            Ok(mail) => tried::print_mail(mail, style),
            Err(why) if why.is_empty() => {}
            Err(why) => println!("{}", style.red(why)),
        }
        if let Some(outcome) = outcome {
            tried::result(outcome, style);
        }
    }
    Ok(if success { Exit::Done } else { Exit::Failed })
}

async fn send(home: &Home, run: Option<RunId>, repeat_in_doubt: bool, as_json: bool) -> super::Result {
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let mut sent = engine.send_notices(&documents, run, repeat_in_doubt).await?;
    super::runs::hide(engine, &mut sent).await?;
    if as_json {
        print(&json!({ "version": VERSION, "notices": sent }));
    } else if sent.is_empty() {
        println!("There is nothing to send.");
    } else {
        notices::list(&sent, Style::stdout());
    }
    let all = sent
        .iter()
        .all(|notice: &Notice| notice.state == NoticeState::Sent);
    Ok(if all { Exit::Done } else { Exit::Failed })
}

async fn drop_all(home: &Home, run: RunId) -> super::Result {
    let engine = home.engine().await?;
    let dropped = engine.drop_notices(run).await?;
    match dropped.len() {
        0 => println!("Nothing about run {run} waits to be sent."),
        1 => println!("1 message about run {run} is given up."),
        many => println!("{many} messages about run {run} are given up."),
    }
    Ok(Exit::Done)
}
