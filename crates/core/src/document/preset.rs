//! Presets: applications that the catalog knows, and how a document is filled from one.

use super::error::one_of;
use super::tree::{Entry, Node, Position, Value};
use super::typed::Wrong;
use super::yaml;

/// The catalog: a preset's name with its text.
const CATALOG: [(&str, &str); 1] = [("jumpcloud", include_str!("../../../../catalog/jumpcloud.yaml"))];

/// The names that `preset` of an application can have.
pub fn presets() -> Vec<&'static str> {
    CATALOG.iter().map(|(name, _)| *name).collect()
}

/// Fills an application that names a preset: whatever it does not say is taken from there, endpoints and webhooks by their
/// names.
/// What comes from the preset has the place of the preset's name, so that errors point into the user's file.
pub(super) fn fill(application: &mut Node) -> Result<(), Wrong> {
    let Some(node) = application.get("preset") else {
        return Ok(());
    };
    let (at, Some(name)) = (node.at, node.text()) else {
        return Ok(());
    };
    let Some((_, text)) = CATALOG.iter().find(|(known, _)| *known == name) else {
        return Err(Wrong {
            at,
            path: "preset".to_owned(),
            found: format!("`{name}`, which is not in the catalog"),
            hint: one_of(name, presets()),
        });
    };
    if let Some(mut preset) = yaml::read(text).0.into_iter().next() {
        place(&mut preset, at);
        merge(application, preset, Level::Application);
    }
    Ok(())
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
            "authorization" if !same_type(&ours.value, &theirs.value) => {}
            // Another kind of repetition too.
            "repeat" if !same_kind(&ours.value, &theirs.value) => {}
            // A body is one value, not fields.
            "body" => {}
            _ => merge(&mut ours.value, theirs.value, Level::Field),
        }
    }
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

fn same_type(own: &Node, preset: &Node) -> bool {
    let kind = |node: &Node| node.get("type").and_then(Node::text).map(str::to_owned);
    kind(own).is_none() || kind(own) == kind(preset)
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
