//! `tenure webhook`: lists webhooks, tries them on chosen accounts, and settles calls that are in doubt.

use comfy_table::{Table, presets};
use serde_json::{Value, json};
use tenure_core::document::{Application, Documents, Kind, Webhook as Described};
use tenure_core::profile::PersonKey;
use tenure_engine::{Settlement, WebhookTest, WebhookTry};

use crate::arguments::{self, Webhook};
use crate::exit::Exit;
use crate::home::Home;
use crate::output::json::{VERSION, print};
use crate::output::outcome_words;
use crate::output::style::Style;

pub async fn webhook(home: &Home, webhook: Webhook) -> super::Result {
    match webhook {
        Webhook::List { application, json } => list(home, application.as_deref(), json),
        Webhook::Test(asked) => test(home, &asked).await,
        Webhook::Settle {
            person,
            call,
            done,
            repeat,
        } => {
            let how = match (done, repeat) {
                (true, _) => Some(Settlement::Done),
                (_, true) => Some(Settlement::Repeat),
                _ => None,
            };
            settle(home, &person, call.as_deref(), how).await
        }
    }
}

fn list(home: &Home, only: Option<&str>, as_json: bool) -> super::Result {
    let documents = home.documents()?;
    if let Some(name) = only
        && documents.application(name).is_none()
    {
        return Err(format!("there is no application `{name}` among the documents").into());
    }
    let all = webhooks(&documents, only);
    if as_json {
        let all = all.iter().map(|(application, webhook)| {
            json!({
                "application": application.name,
                "webhook": webhook.name,
                "description": webhook.description,
                "method": webhook.method,
                "url": webhook.url,
                "names": webhook.attributes(),
                "repeatable": webhook.is_repeatable(),
            })
        });
        print(&json!({ "version": VERSION, "webhooks": all.collect::<Vec<_>>() }));
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        println!("There are no webhooks. They are written as `webhooks` of an application.");
        return Ok(Exit::Done);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["APPLICATION", "WEBHOOK", "CALL", "IN DOUBT", "DESCRIPTION"]);
    for (application, webhook) in all {
        table.add_row([
            application.name.clone(),
            webhook.name.clone(),
            format!("{} {}", webhook.method.name(), webhook.url),
            if webhook.is_repeatable() {
                "repeated"
            } else {
                "asked about"
            }
            .to_owned(),
            webhook.description.clone().unwrap_or_default(),
        ]);
    }
    println!("{table}");
    Ok(Exit::Done)
}

fn webhooks<'d>(documents: &'d Documents, only: Option<&str>) -> Vec<(&'d Application, &'d Described)> {
    documents
        .names(Kind::Application)
        .filter(|name| only.is_none_or(|only| only == *name))
        .filter_map(|name| documents.application(name))
        .flat_map(|application| {
            application
                .webhooks
                .iter()
                .map(move |webhook| (application, webhook))
        })
        .collect()
}

async fn test(home: &Home, asked: &arguments::WebhookTest) -> super::Result {
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let how = if asked.show_only {
        WebhookTry::ShowOnly
    } else {
        WebhookTry::Call
    };
    let tests = engine
        .test_webhook(
            &documents,
            (&asked.application, &asked.webhook),
            asked.directory.as_deref(),
            &asked.accounts,
            how,
        )
        .await?;
    let good = tests.iter().filter(|test| test.is_success()).count();
    if asked.json {
        print(&json!({
            "version": VERSION,
            "application": asked.application,
            "webhook": asked.webhook,
            "succeeded": good,
            "tests": tests.iter().map(as_json).collect::<Vec<_>>(),
        }));
    } else {
        let style = Style::stdout();
        for test in &tests {
            show(test, style);
        }
        if tests.len() > 1 {
            let done = match how {
                WebhookTry::ShowOnly => "can be called",
                WebhookTry::Call => "succeeded",
            };
            println!("{}: {good} of {} {done}", style.bold("Summary"), tests.len());
        }
    }
    Ok(if good == tests.len() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn as_json(test: &WebhookTest) -> Value {
    let (account, error) = match &test.account {
        Ok(account) => (json!({ "id": account.id, "dn": account.dn }), None),
        Err(why) => (Value::Null, Some(why)),
    };
    let (request, error) = match &test.shown {
        Some(Ok(request)) => (json!(request), error),
        Some(Err(why)) if !why.is_empty() => (Value::Null, Some(why)),
        _ => (Value::Null, error),
    };
    json!({
        "asked": test.asked,
        "account": account,
        "person": test.person,
        "error": error,
        "request": request,
        "response": test.call.as_ref().and_then(|call| call.response.as_ref()),
        "result": test.call.as_ref().map(|call| &call.outcome),
        "why": test.call.as_ref().map(|call| &call.why),
        "not_captured": test.call.as_ref().map(|call| &call.not_captured),
        "success": test.is_success(),
    })
}

fn show(test: &WebhookTest, style: Style) {
    let name = match &test.account {
        Ok(account) => account.dn.to_string(),
        Err(why) => {
            println!("{}\n    {}\n", style.bold(&test.asked), style.red(why));
            return;
        }
    };
    let person = test
        .person
        .as_ref()
        .map(|key| format!(" ({key})"))
        .unwrap_or_default();
    println!("{}{person}", style.bold(name));
    match &test.shown {
        Some(Ok(request)) => {
            println!("  {} {}", style.cyan(&request.method), request.url);
            fields(&request.headers, style);
            indented(request.body.as_deref());
        }
        Some(Err(why)) if !why.is_empty() => println!("  {}", style.red(why)),
        _ => {}
    }
    if let Some(call) = &test.call {
        if let Some(response) = &call.response {
            println!(
                "  {} {} {}, after {} ms",
                style.cyan("answer"),
                response.status,
                response.reason,
                response.took.as_millis()
            );
            fields(&response.headers, style);
            indented(Some(&response.body));
            if response.cut {
                println!("    {}", style.dim("… and more"));
            }
        }
        println!(
            "  {} {}",
            style.bold("result:"),
            outcome_words(&call.outcome, style)
        );
        if !call.why.is_empty() {
            println!("    {}", style.dim(&call.why));
        }
        if let tenure_core::outcome::Outcome::Refused(refusal)
        | tenure_core::outcome::Outcome::Failed(refusal) = &call.outcome
            && !refusal.hint.is_empty()
        {
            println!("    {}", style.dim(&refusal.hint));
        }
        for (name, why) in &call.not_captured {
            println!("    {}", style.yellow(format!("{name} was not captured: {why}")));
        }
    }
    println!();
}

fn fields(fields: &[(String, String)], style: Style) {
    for (name, value) in fields {
        println!("    {}", style.dim(format!("{name}: {value}")));
    }
}

pub(super) fn indented(body: Option<&str>) {
    let Some(body) = body.filter(|body| !body.is_empty()) else {
        return;
    };
    let pretty = serde_json::from_str::<Value>(body)
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok());
    println!();
    for line in pretty.as_deref().unwrap_or(body).lines() {
        println!("    {line}");
    }
    println!();
}

async fn settle(home: &Home, person: &str, call: Option<&str>, how: Option<Settlement>) -> super::Result {
    let engine = home.engine().await?;
    let key = PersonKey::new(person).ok_or_else(|| format!("`{person}` cannot be a person's key"))?;
    let Some(how) = how else {
        let mut some = false;
        for (_, directory, stored) in engine.store().links_of(&key).await? {
            for doubt in stored.link.memory.iter().flat_map(|memory| &memory.in_doubt) {
                some = true;
                println!("{} ({}, {directory}): {}", doubt.owed.step, stored.dn, doubt.what);
            }
        }
        if !some {
            println!("No call about `{key}` is in doubt.");
            return Ok(Exit::Done);
        }
        println!("Say what it was: --done when they were made, --repeat to have the next run make them.");
        return Ok(Exit::Pending);
    };
    let settled = engine.settle(&key, call, how).await?;
    if settled.is_empty() {
        let which = call.map(|call| format!(" `{call}`")).unwrap_or_default();
        return Err(format!("no call{which} about `{key}` is in doubt").into());
    }
    for doubt in settled {
        match how {
            Settlement::Done => println!("{}: counts as made.", doubt.owed.step),
            Settlement::Repeat => println!("{}: the next run makes it.", doubt.owed.step),
        }
    }
    Ok(Exit::Done)
}
