//! Presets: how an application is filled from an entry of the catalog.

use super::catalog::{Given, Preset, SettingProblem, Values};
use super::error::one_of;
use super::tree::{Entry, Node, Position, Value, join};
use super::typed::Wrong;

/// The names that `preset` of an application can have.
pub fn presets() -> Vec<&'static str> {
    Preset::names_of_applications()
}

/// Fills an application that names a preset: whatever it does not say is taken from there, endpoints and webhooks by their
/// names, and the authorization of the kind that it says.
/// What comes from the preset has the place of the preset's name, so that errors point into the user's file.
pub(super) fn fill(application: &mut Node) -> Result<(), Vec<Wrong>> {
    let wrong = |at: Position, path: &str, found: String, hint: String| {
        vec![Wrong {
            at,
            path: path.to_owned(),
            found,
            hint,
        }]
    };
    let settings = application.get("settings");
    let Some(node) = application.get("preset") else {
        return match settings {
            None => Ok(()),
            Some(settings) => {
                let hint = "name the preset that they are of, or leave them out".to_owned();
                Err(wrong(
                    settings.at,
                    "settings",
                    "`settings` without `preset`".to_owned(),
                    hint,
                ))
            }
        };
    };
    let (at, Some(name)) = (node.at, node.text()) else {
        return Ok(());
    };
    let Some(preset) = Preset::find(name).filter(Preset::is_application) else {
        let found = match Preset::find(name) {
            None => format!("`{name}`, which is not in the catalog"),
            Some(_) => format!("`{name}`, which is a file and no application"),
        };
        return Err(wrong(at, "preset", found, one_of(name, presets())));
    };
    let given = match settings.map(|settings| (&settings.value, settings)) {
        Some((Value::Map(_), settings)) => given(settings),
        Some((_, settings)) => {
            let found = "settings that are no mapping".to_owned();
            let hint = "write lines of `name: value`".to_owned();
            return Err(wrong(settings.at, "settings", found, hint));
        }
        None => Vec::new(),
    };
    let mut values = Values::new(preset.settings(), &given);
    let way = preset.way_like(application.get("authorization"));
    let filled = preset.filled(way, &mut values);
    let problems = values.problems();
    if !problems.is_empty() {
        let place = settings.map_or(at, |settings| settings.at);
        let worded = |problem: &SettingProblem| Wrong {
            at: problem.at.unwrap_or(place),
            path: match problem.at {
                Some(_) => join("settings", &problem.name),
                None => "settings".to_owned(),
            },
            found: problem.found.clone(),
            hint: problem.in_document(preset.settings()),
        };
        return Err(problems.iter().map(worded).collect());
    }
    if let Some(mut filled) = filled {
        place(&mut filled, at);
        merge(application, filled, Level::Application);
    }
    Ok(())
}

/// The settings that an application says.
fn given(settings: &Node) -> Vec<Given> {
    let entries = settings.entries().iter();
    entries
        .filter_map(|entry| {
            Some(Given {
                name: entry.key.clone(),
                value: entry.value.text()?.to_owned(),
                at: entry.value.at,
            })
        })
        .collect()
}

/// What is being merged, which decides how.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Application,
    Field,
}

fn merge(own: &mut Node, preset: Node, level: Level) {
    let (Value::Map(own), Value::Map(preset)) = (&mut own.value, preset.value) else {
        return;
    };
    for theirs in preset {
        let Some(ours) = own.iter_mut().find(|entry| entry.key == theirs.key) else {
            own.push(theirs);
            continue;
        };
        match theirs.key.as_str() {
            "endpoints" | "webhooks" if level == Level::Application => merge_named(&mut ours.value, theirs),
            // Another kind of authorization has other fields.
            "authorization" if !same_way(&ours.value, &theirs.value) => {}
            // Another kind of repetition too.
            "repeat" if !same_kind(&ours.value, &theirs.value) => {}
            // A body is one value, not fields.
            "body" => {}
            "authorization" => {
                let theirs = without_secret(&ours.value, theirs.value);
                merge(&mut ours.value, theirs, Level::Field);
            }
            _ => merge(&mut ours.value, theirs.value, Level::Field),
        }
    }
}

/// A preset's authorization for a client that may show a certificate of its own in place of a secret.
fn without_secret(own: &Node, preset: Node) -> Node {
    let mut preset = preset;
    if own.get("certificate").is_some()
        && let Value::Map(entries) = &mut preset.value
    {
        entries.retain(|entry| !["client_secret", "client_authentication"].contains(&entry.key.as_str()));
    }
    preset
}

fn merge_named(own: &mut Node, preset: Entry) {
    let (Value::List(own), Value::List(preset)) = (&mut own.value, preset.value.value) else {
        return;
    };
    for theirs in preset {
        let name = theirs.get("name").and_then(Node::text);
        match own
            .iter_mut()
            .find(|ours| ours.get("name").and_then(Node::text) == name)
        {
            Some(ours) => merge(ours, theirs, Level::Field),
            None => own.push(theirs),
        }
    }
}

/// Whether two authorizations are of the same kind, as far as the user's says one.
fn same_way(own: &Node, preset: &Node) -> bool {
    ["type", "grant"].iter().all(|field| {
        let kind = |node: &Node| node.get(field).and_then(Node::text).map(str::to_owned);
        kind(own).is_none() || kind(own) == kind(preset)
    })
}

/// Whether two repetitions are of the same kind, or the user's names none.
fn same_kind(own: &Node, preset: &Node) -> bool {
    let names = |node: &Node, kind: &str| node.get(kind).is_some();
    let kinds = ["parameter", "page", "cursor", "next_link"];
    kinds.iter().all(|kind| !names(own, kind) || names(preset, kind))
}

fn place(node: &mut Node, at: Position) {
    node.at = at;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| place(item, at)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key_at = at;
                place(&mut entry.value, at);
            }
        }
        Value::Scalar(_) | Value::Removed | Value::StandIn => {}
    }
}
