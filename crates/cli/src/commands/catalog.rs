//! `tenure catalog`: the applications that Tenure knows, and documents made from them.

use std::collections::BTreeMap;
use std::path::Path;

use comfy_table::{Table, presets};
use serde_json::{Map, Value};
use tenure_connect::http::{HttpClient, HttpOptions, HttpRequest, PrivateAddresses};
use tenure_core::document::{self, Choice, Grant, Need, Preset, Ready, Setting};

use crate::arguments::{Catalog, Use};
use crate::exit::Exit;
use crate::output::style::Style;

/// How wide texts are printed.
const WIDTH: usize = 100;
/// The longest answer with settings, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;

pub async fn catalog(catalog: Catalog) -> super::Result {
    match catalog {
        Catalog::List => {
            list();
            Ok(Exit::Done)
        }
        Catalog::Show { name } => {
            show(&find(&name)?);
            Ok(Exit::Done)
        }
        Catalog::Use(chosen) => use_it(chosen).await,
    }
}

fn find(name: &str) -> super::Result<Preset> {
    Preset::find(name).ok_or_else(|| {
        let known: Vec<&str> = Preset::all().map(|preset| preset.name()).collect();
        let known = known.join(", ");
        format!("`{name}` is not in the catalog; there are {known}").into()
    })
}

fn list() {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["NAME", "WHAT", "AUTHORIZATION"]);
    for preset in Preset::all() {
        let ways: Vec<&str> = preset.ways().iter().map(|way| way.name.as_str()).collect();
        let ways = if ways.is_empty() {
            "–".to_owned()
        } else {
            ways.join(", ")
        };
        table.add_row([preset.name().to_owned(), preset.title().to_owned(), ways]);
    }
    println!("{table}");
    println!("\n`tenure catalog show NAME` says more, `tenure catalog use NAME` makes documents.");
}

fn show(preset: &Preset) {
    let style = Style::stdout();
    println!(
        "{} {}",
        style.bold(preset.title()),
        style.dim(format!("({})", preset.name()))
    );
    paragraph(preset.description(), 0);
    let application = preset.example(preset.ways().first());
    if !preset.ways().is_empty() {
        println!("\n{}", style.bold("Authorization"));
    }
    for (at, way) in preset.ways().iter().enumerate() {
        let first = if at == 0 { " (when nothing is said)" } else { "" };
        println!("  {}{}", way.name, style.dim(first));
        paragraph(&way.description, 4);
        let needed = preset.required(Some(way));
        if !needed.is_empty() {
            println!("    {}", style.dim(format!("needs {}", needed.join(", "))));
        }
    }
    println!("\n{}", style.bold("Settings"));
    for (name, setting) in preset.settings() {
        println!("  {name} {}", style.dim(standing(setting)));
        paragraph(&setting.description, 4);
    }
    if let Some(application) = application {
        println!("\n{}", style.bold("Endpoints"));
        for endpoint in &application.endpoints {
            let about = endpoint.description.as_deref().unwrap_or_default();
            println!("  {:<20} {about}", endpoint.name);
            println!("  {:<20} {}", "", style.dim(&endpoint.url));
        }
        println!("\n{}", style.bold("Webhooks"));
        for webhook in &application.webhooks {
            let about = webhook.description.as_deref().unwrap_or_default();
            println!("  {:<20} {about}", webhook.name);
        }
    }
    if let Some(sample) = preset.sample() {
        println!("\n{}", style.bold("Sample of a data source"));
        for (attribute, mapping) in &sample.attributes {
            println!("  {:<28} {}", attribute.as_str(), style.dim(mapping.from()));
        }
    }
    println!("\n{}", style.bold("Documentation"));
    for link in preset.documentation() {
        println!("  {}: {}", link.title, link.url);
    }
    let needed = preset.required(preset.ways().first());
    let mut sets = String::new();
    for name in needed {
        let setting = preset.settings().get(name);
        let example = setting
            .and_then(|setting| setting.example.as_deref())
            .unwrap_or("…");
        sets.extend([" --set ", name, "=", example]);
    }
    println!(
        "\nMake documents of it:\n  tenure catalog use {}{sets} --write {0}.yaml",
        preset.name()
    );
}

/// What a setting is when it is not said.
fn standing(setting: &Setting) -> String {
    match (setting.defaults(), setting.need, &setting.example) {
        ([], Need::Optional, _) => "(may be left out)".to_owned(),
        ([], Need::Required, Some(example)) => format!("(for example {example})"),
        ([], Need::Required, None) => String::new(),
        (defaults, _, _) => format!("(else {})", defaults.join(", or ")),
    }
}

/// Prints a text in lines that are not too long.
fn paragraph(text: &str, indent: usize) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > WIDTH {
            println!("{}{line}", " ".repeat(indent));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    println!("{}{line}", " ".repeat(indent));
}

async fn use_it(chosen: Use) -> super::Result {
    let preset = find(&chosen.preset)?;
    let mut settings = settings(&chosen.set)?;
    if chosen.discover {
        discover(&preset, &mut settings).await?;
    }
    let choice = Choice {
        name: chosen.name,
        settings,
        way: chosen.authorization,
    };
    let ready = preset.ready(&choice)?;
    if let Some(file) = &chosen.write {
        write(file, &ready.text)?;
        println!("{} has them. Next:", file.display());
        for step in next(&ready) {
            println!("  {step}");
        }
    } else {
        print!("{}", ready.text);
        // Beside the documents, which may be on their way into a file.
        eprintln!("Put these documents into a file (--write FILE). Next:");
        for step in next(&ready) {
            eprintln!("  {step}");
        }
    }
    Ok(Exit::Done)
}

fn settings(set: &[String]) -> super::Result<BTreeMap<String, String>> {
    let mut settings = BTreeMap::new();
    for text in set {
        let Some((name, value)) = text.split_once('=') else {
            return Err(format!("`--set {text}` has no value; write `--set {text}=…`").into());
        };
        if settings
            .insert(name.trim().to_owned(), value.to_owned())
            .is_some()
        {
            return Err(format!("`{}` is set twice; keep one of them", name.trim()).into());
        }
    }
    Ok(settings)
}

/// Asks the application for settings. Those that were said stay as they are.
async fn discover(preset: &Preset, settings: &mut BTreeMap<String, String>) -> super::Result<()> {
    let Some(discovery) = preset.discovery(settings)? else {
        let name = preset.name();
        return Err(format!("`{name}` says no settings to whoever asks; leave --discover out").into());
    };
    let options = HttpOptions {
        private_addresses: match discovery.private_addresses {
            document::PrivateAddresses::Allowed => PrivateAddresses::Allowed,
            document::PrivateAddresses::Refused => PrivateAddresses::Refused,
        },
        response_bytes: LONGEST_ANSWER,
        ..HttpOptions::default()
    };
    let client = HttpClient::new(options)?;
    let answer = client.send(&HttpRequest::get(discovery.url.as_str())).await?;
    let doing = format!("asking {} for settings", discovery.url);
    let answer: Map<String, Value> = serde_json::from_slice(&answer.body)
        .map_err(|error| format!("{doing}: no JSON object came: {error}"))?;
    for (setting, member) in discovery.settings {
        let value = answer.get(&member).and_then(Value::as_str).unwrap_or_default();
        if !value.is_empty() && !settings.contains_key(&setting) {
            eprintln!("Found {setting}: {value}");
            settings.insert(setting, value.to_owned());
        }
    }
    Ok(())
}

/// Writes a new file. One that is there already may hold what somebody has written.
fn write(file: &Path, text: &str) -> super::Result<()> {
    use std::io::Write as _;
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => format!(
            "writing {}: it is there already; name another file, or remove it first",
            file.display()
        ),
        _ => format!("writing {}: {error}", file.display()),
    };
    let mut open = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .map_err(failed)?;
    open.write_all(text.as_bytes()).map_err(failed)?;
    Ok(())
}

/// The commands that come next.
fn next(ready: &Ready) -> Vec<String> {
    let mut steps = Vec::new();
    for (secret, what) in &ready.secrets {
        steps.push(format!("tenure secret set {secret}    # {what}"));
    }
    if let (Some(Grant::AuthorizationCode), Some(application)) = (ready.grant, &ready.application) {
        steps.push(format!(
            "tenure authorize {application}    # somebody signs in and agrees, once"
        ));
    }
    steps.push(format!(
        "tenure fetch {}    # shows what comes, and what becomes of it",
        ready.data_source
    ));
    steps
}
