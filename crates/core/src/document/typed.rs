//! From a tree to a type of document, by serde. All that is wrong is found in one go: what was reported is taken out of
//! the tree (or replaced by a stand-in), and the rest is read again.

use serde::de::DeserializeOwned;

use super::complaint::{Complaint, Problem};
use super::error::closest;
use super::reader::Reader;
use super::tree::{Entry, Node, Position, Value};

/// The most errors that are reported of one document.
const MAX_ERRORS: usize = 100;

/// What is wrong with one value of a document.
#[derive(Debug)]
pub(super) struct Wrong {
    pub at: Position,
    pub path: String,
    pub found: String,
    pub hint: String,
}

/// The document that a tree describes, or everything that is wrong with it.
pub(super) fn read<T: DeserializeOwned>(mut tree: Node) -> Result<T, Vec<Wrong>> {
    let mut wrong = Vec::new();
    // Each turn takes something out of the tree or replaces it, so that there is an end; the bound is for safety.
    for _ in 0..4 * MAX_ERRORS {
        let mut complaint = match T::deserialize(Reader(&tree)) {
            Ok(document) if wrong.is_empty() => return Ok(document),
            Ok(_) => break,
            Err(complaint) => complaint,
        };
        complaint.steps.reverse();
        wrong.extend(report(&tree, &complaint));
        if wrong.len() >= MAX_ERRORS || !excuse(&mut tree, &complaint) {
            break;
        }
    }
    Err(wrong)
}

fn find<'t>(tree: &'t Node, steps: &[usize]) -> Option<&'t Node> {
    steps.iter().try_fold(tree, |node, step| node.child(*step))
}

fn find_mut<'t>(tree: &'t mut Node, steps: &[usize]) -> Option<&'t mut Node> {
    steps.iter().try_fold(tree, |node, step| node.child_mut(*step))
}

/// The entry that an unknown field is, or that stands for a missing one.
fn entry<'t>(node: &'t Node, key: &str) -> Option<&'t Entry> {
    node.entries().iter().find(|entry| entry.key == key)
}

/// Puts a complaint into words; none for one that only follows from another.
fn report(tree: &Node, complaint: &Complaint) -> Option<Wrong> {
    // A stand-in may be unfit where a text of its own form is asked for, or a list of at least one.
    let within_stand_in = (0..=complaint.steps.len()).any(|length| {
        match find(tree, complaint.steps.get(..length).unwrap_or_default()) {
            Some(node) => matches!(node.value, Value::StandIn),
            None => true,
        }
    });
    let node = find(tree, &complaint.steps)?;
    if within_stand_in {
        return None;
    }
    let at = match &complaint.problem {
        Problem::UnknownField { field, .. } => entry(node, field).map_or(node.at, |entry| entry.key_at),
        Problem::MissingField(field) if entry(node, field).is_some() || is_misspelt(node, field) => {
            return None;
        }
        _ => node.at,
    };
    let (found, hint) = complaint.problem.words();
    let path = tree.path(&complaint.steps);
    Some(Wrong {
        at,
        path,
        found,
        hint,
    })
}

/// Whether a field that is missing was written with another name, which was reported.
fn is_misspelt(node: &Node, field: &str) -> bool {
    let mut removed = node
        .entries()
        .iter()
        .filter(|entry| matches!(entry.value.value, Value::Removed));
    removed.any(|entry| closest(&entry.key, [field]).is_some())
}

/// Changes the tree so that the rest of it can be read; false when nothing is left to be read.
fn excuse(tree: &mut Node, complaint: &Complaint) -> bool {
    let Some(node) = find_mut(tree, &complaint.steps) else {
        // Inside of a stand-in, which therefore does not do.
        return remove_nearest(tree, &complaint.steps);
    };
    match (&complaint.problem, &mut node.value) {
        (_, Value::StandIn) => remove_nearest(tree, &complaint.steps),
        (Problem::UnknownField { field, .. }, Value::Map(entries)) => {
            match entries.iter_mut().find(|entry| entry.key == *field) {
                Some(entry) => entry.value.value = Value::Removed,
                None => return false,
            }
            true
        }
        (Problem::MissingField(field), Value::Map(entries)) => {
            match entries.iter_mut().find(|entry| entry.key == *field) {
                Some(entry) => entry.value.value = Value::StandIn,
                None => entries.push(Entry {
                    key: (*field).to_owned(),
                    key_at: node.at,
                    value: Node::new(node.at, Value::StandIn),
                }),
            }
            true
        }
        (_, value) => {
            *value = Value::StandIn;
            !complaint.steps.is_empty()
        }
    }
}

/// Removes the stand-in on the way to a node, and what held it.
fn remove_nearest(tree: &mut Node, steps: &[usize]) -> bool {
    let stand_in = (0..=steps.len()).find(|length| {
        find(tree, steps.get(..*length).unwrap_or_default())
            .is_some_and(|node| matches!(node.value, Value::StandIn))
    });
    let holder = stand_in
        .and_then(|length| length.checked_sub(1))
        .and_then(|length| steps.get(..length));
    match holder {
        None | Some([]) => false,
        Some(holder) => match find_mut(tree, holder) {
            Some(node) => {
                node.value = Value::Removed;
                true
            }
            None => false,
        },
    }
}
