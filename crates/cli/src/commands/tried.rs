//! Scripts and notifications tried on chosen accounts.

use serde::Serialize;
use serde_json::{Value, json};
use tenure_core::outcome::Outcome;
use tenure_engine::{ShownMail, Tried, Tries, WebhookTry};

use super::webhook::indented;
use crate::arguments::{Script, Which};
use crate::exit::Exit;
use crate::home::Home;
use crate::output::json::{VERSION, print};
use crate::output::outcome_words;
use crate::output::style::Style;

pub async fn script(home: &Home, asked: &Script) -> super::Result {
    let Script::Test { name, which } = asked;
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let directory = which.directory.as_deref();
    let tests = engine
        .test_script(&documents, name, directory, &which.accounts, how(which))
        .await?;
    if which.json {
        let more = |test: &tenure_engine::ScriptTest| {
            let wrote = test.run.as_ref().and_then(|run| run.wrote.as_ref());
            json!({
                "output": wrote.map(|(output, _)| output),
                "errors": wrote.map(|(_, errors)| errors),
                "why": test.run.as_ref().map(|run| &run.why),
                "not_captured": test.run.as_ref().map(|run| &run.not_captured),
            })
        };
        print_all("script", name, &tests, more);
        return Ok(end(&tests));
    }
    let style = Style::stdout();
    for test in &tests {
        head(test, style);
        if let Some(Ok(shown)) = &test.shown {
            println!("  {} {}", style.cyan(&shown.program), shown.arguments.join(" "));
            for (name, value) in &shown.environment {
                println!("    {}", style.dim(format!("{name}={value}")));
            }
            indented(Some(&shown.input));
        }
        if let Some(run) = &test.run {
            for (what, text) in run
                .wrote
                .iter()
                .flat_map(|(output, errors)| [("output", output), ("errors", errors)])
            {
                if !text.is_empty() {
                    println!("  {}", style.cyan(what));
                    indented(Some(text));
                }
            }
            result(&run.outcome, style);
            if !run.why.is_empty() {
                println!("    {}", style.dim(&run.why));
            }
            for (name, why) in &run.not_captured {
                println!("    {}", style.yellow(format!("{name} was not captured: {why}")));
            }
        }
        println!();
    }
    Ok(end(&tests))
}

/// Tries a notification about accounts.
pub async fn about_accounts(
    home: &Home,
    (name, to): (&str, &[String]),
    directory: Option<&str>,
    accounts: &[String],
    how: WebhookTry,
    as_json: bool,
) -> super::Result {
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let tests = engine
        .test_notification(&documents, (name, to), directory, accounts, how)
        .await?;
    if as_json {
        print_all("notification", name, &tests, |_| json!({}));
        return Ok(end(&tests));
    }
    let style = Style::stdout();
    for test in &tests {
        head(test, style);
        if let Some(Ok(mail)) = &test.shown {
            print_mail(mail, style);
        }
        if let Some(run) = &test.run {
            result(&run.outcome, style);
        }
        println!();
    }
    Ok(end(&tests))
}

/// Prints a message as it is sent.
pub fn print_mail(mail: &ShownMail, style: Style) {
    if !mail.from.is_empty() {
        println!("    {}", style.dim(format!("From: {}", mail.from)));
    }
    println!("    {}", style.dim(format!("To: {}", mail.to.join(", "))));
    println!("    {}", style.dim(format!("Subject: {}", mail.subject)));
    indented(mail.text.as_deref());
    indented(mail.html.as_deref());
    for (channel, post) in &mail.posts {
        println!("    {}", style.dim(format!("channel:{channel}")));
        indented(serde_json::to_string_pretty(post).ok().as_deref());
    }
}

fn how(which: &Which) -> WebhookTry {
    if which.show_only {
        WebhookTry::ShowOnly
    } else {
        WebhookTry::Call
    }
}

fn end<S, R: Tries>(tests: &[Tried<S, R>]) -> Exit {
    if tests.iter().all(Tried::is_success) {
        Exit::Done
    } else {
        Exit::Failed
    }
}

fn print_all<S: Serialize, R: Tries>(
    kind: &str,
    name: &str,
    tests: &[Tried<S, R>],
    more: impl Fn(&Tried<S, R>) -> Value,
) {
    let one = |test: &Tried<S, R>| {
        let (account, error) = match &test.account {
            Ok(account) => (json!({ "id": account.id, "dn": account.dn }), None),
            Err(why) => (Value::Null, Some(why)),
        };
        let (shown, error) = match &test.shown {
            Some(Ok(shown)) => (json!(shown), error),
            Some(Err(why)) if !why.is_empty() => (Value::Null, Some(why)),
            _ => (Value::Null, error),
        };
        let mut told = json!({
            "asked": test.asked,
            "account": account,
            "person": test.person,
            "error": error,
            "shown": shown,
            "result": test.outcome(),
            "success": test.is_success(),
        });
        if let (Value::Object(told), Value::Object(more)) = (&mut told, more(test)) {
            told.extend(more);
        }
        told
    };
    print(&json!({
        "version": VERSION,
        kind: name,
        "succeeded": tests.iter().filter(|test| test.is_success()).count(),
        "tests": tests.iter().map(one).collect::<Vec<_>>(),
    }));
}

fn head<S, R: Tries>(test: &Tried<S, R>, style: Style) {
    match &test.account {
        Ok(account) => {
            let person = test
                .person
                .as_ref()
                .map(|key| format!(" ({key})"))
                .unwrap_or_default();
            println!("{}{person}", style.bold(&account.dn));
        }
        Err(why) => println!("{}\n    {}", style.bold(&test.asked), style.red(why)),
    }
    if let Some(Err(why)) = &test.shown
        && !why.is_empty()
    {
        println!("  {}", style.red(why));
    }
}

pub fn result(outcome: &Outcome, style: Style) {
    println!("  {} {}", style.bold("result:"), outcome_words(outcome, style));
    if let Outcome::Refused(refusal) | Outcome::Failed(refusal) = outcome
        && !refusal.hint.is_empty()
    {
        println!("    {}", style.dim(&refusal.hint));
    }
}
