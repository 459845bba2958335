//! From files to documents: text, tree, preset, type.

use std::collections::HashMap;

use super::error::{DocumentError, Severity, listed, one_of};
use super::set::{Document, Documents, Kind, Origin};
use super::tree::{Entry, Node, Position, Value, join};
use super::typed::{self, Wrong};
use super::{named, preset, yaml};

/// Reads the documents of some files, given as (name, text). A text is YAML or JSON with any number of documents. What
/// is wrong with one document is found in one go and does not keep the others from being read. What documents say of
/// each other is a matter of [`check`](super::check).
pub fn load(files: &[(String, String)]) -> (Documents, Vec<DocumentError>) {
    let mut loading = Loading::default();
    for (file, text) in files {
        let (trees, errors) = yaml::read(text);
        for (at, tree) in trees.into_iter().enumerate() {
            loading.document(file, at + 1, tree);
        }
        for error in errors {
            let wrong = Wrong {
                at: error.at,
                path: String::new(),
                found: error.found,
                hint: error.hint,
            };
            loading.report(file, "", wrong);
        }
    }
    let errors = named::put_in(&mut loading.documents);
    loading.errors.extend(errors);
    (loading.documents, loading.errors)
}

#[derive(Default)]
struct Loading {
    documents: Documents,
    errors: Vec<DocumentError>,
}

impl Loading {
    fn report(&mut self, file: &str, document: &str, wrong: Wrong) {
        self.errors.push(DocumentError {
            file: Some(file.to_owned()),
            document: document.to_owned(),
            path: wrong.path,
            line: wrong.at.line,
            column: wrong.at.column,
            found: wrong.found,
            hint: wrong.hint,
            severity: Severity::Error,
        });
    }

    fn document(&mut self, file: &str, number: usize, mut tree: Node) {
        if matches!(&tree.value, Value::Scalar(_)) && tree.text().is_none() {
            return;
        }
        let kind = match kind(&mut tree) {
            Ok(kind) => kind,
            Err(wrong) => return self.report(file, &format!("document {number}"), wrong),
        };
        let name = tree.get("name").and_then(Node::text).map(str::to_owned);
        let label = match &name {
            Some(name) => format!("{kind} `{name}`"),
            None => format!("{kind} without a name"),
        };
        let filled = if kind == Kind::Application {
            preset::fill(&mut tree)
        } else {
            Ok(())
        };
        let origin = Origin {
            file: Some(file.to_owned()),
            positions: tree.positions(),
        };
        let twice = named_twice(kind, &tree);
        let read = match filled {
            Ok(()) => {
                match typed(kind, tree)
                    .and_then(|document| named(document, &origin).map_err(|wrong| vec![wrong]))
                {
                    Ok(document) if twice.is_empty() => Ok(document),
                    read => Err(read.err().into_iter().flatten().chain(twice).collect()),
                }
            }
            // Without the preset much would be missing that is not the user's fault.
            Err(wrongs) => Err(wrongs),
        };
        match read {
            Ok(document) => {
                let at = origin.position("name");
                if let Err(first) = self.documents.add(document, origin) {
                    let place = first.position("name");
                    let first = first.file.as_deref().unwrap_or("another file");
                    let found = format!(
                        "a second {label}; the first is in {first}:{}:{}",
                        place.line, place.column
                    );
                    let hint = "give one of them another name, or remove it".to_owned();
                    self.report(
                        file,
                        &label,
                        Wrong {
                            at,
                            path: "name".to_owned(),
                            found,
                            hint,
                        },
                    );
                }
            }
            Err(mut wrongs) => {
                if let Some(name) = name {
                    self.documents.add_unusable(kind, &name);
                }
                wrongs.sort_by_key(|wrong| (wrong.at.line, wrong.at.column));
                for wrong in wrongs {
                    self.report(file, &label, wrong);
                }
            }
        }
    }
}

/// Takes `kind` out of a document.
fn kind(tree: &mut Node) -> Result<Kind, Wrong> {
    let wrong = |at: Position, path: &str, found: String, hint: String| Wrong {
        at,
        path: path.to_owned(),
        found,
        hint,
    };
    let names = Kind::ALL.map(Kind::name);
    let Value::Map(entries) = &mut tree.value else {
        let hint = "a document is a mapping that begins with `kind` and `name`".to_owned();
        return Err(wrong(
            tree.at,
            "",
            "a text or list as a document".to_owned(),
            hint,
        ));
    };
    let Some(at) = entries.iter().position(|entry| entry.key == "kind") else {
        return Err(wrong(
            tree.at,
            "",
            "no `kind`".to_owned(),
            format!("add `kind: …` with {}", listed(names)),
        ));
    };
    let value = entries.remove(at).value;
    let text = value.text().unwrap_or_default();
    text.parse().map_err(|_| {
        let found = if text.is_empty() {
            "no name of a kind".to_owned()
        } else {
            format!("`{text}`, which is no kind")
        };
        wrong(value.at, "kind", found, one_of(text, names))
    })
}

/// Names are used in paths, commands and messages; an empty one, or one with spaces around it, is a slip.
fn named(document: Document, origin: &Origin) -> Result<Document, Wrong> {
    let name = document.name();
    if !name.is_empty() && name.trim() == name && !name.contains(char::is_control) {
        return Ok(document);
    }
    let at = origin.position("name");
    let found = format!("the name {name:?}");
    let hint = "write a name without spaces around it".to_owned();
    Err(Wrong {
        at,
        path: "name".to_owned(),
        found,
        hint,
    })
}

/// Attributes that a document names twice in one mapping: their names are compared without regard to case.
fn named_twice(kind: Kind, tree: &Node) -> Vec<Wrong> {
    let fields: &[&str] = match kind {
        Kind::DataSource => &["attributes"],
        Kind::Template => &["attributes", "unique"],
        Kind::Fixture => &["expect.attributes"],
        _ => &[],
    };
    let mut wrongs = Vec::new();
    for field in fields {
        let mut known: HashMap<String, &Entry> = HashMap::new();
        for entry in field
            .split('.')
            .try_fold(tree, |node, name| node.get(name))
            .map(Node::entries)
            .unwrap_or_default()
        {
            if let Some(first) = known.insert(entry.key.to_ascii_lowercase(), entry) {
                let (key, line) = (&first.key, first.key_at.line);
                wrongs.push(Wrong {
                    at: entry.key_at,
                    path: join(field, &entry.key),
                    found: format!("`{}`, which is `{key}` of line {line} again", entry.key),
                    hint: "attributes have one name in any case; keep one of them".to_owned(),
                });
            }
        }
    }
    wrongs
}

fn typed(kind: Kind, tree: Node) -> Result<Document, Vec<Wrong>> {
    match kind {
        Kind::Application => typed::read(tree).map(Document::Application),
        Kind::DataSource => typed::read(tree).map(Document::DataSource),
        Kind::Directory => typed::read(tree).map(Document::Directory),
        Kind::Template => typed::read(tree).map(Document::Template),
        Kind::Automation => typed::read(tree).map(Document::Automation),
        Kind::Policy => typed::read(tree).map(Document::Policy),
        Kind::Lookup => typed::read(tree).map(Document::Lookup),
        Kind::Format => typed::read(tree).map(Document::Format),
        Kind::Script => typed::read(tree).map(Document::Script),
        Kind::Notification => typed::read(tree).map(Document::Notification),
        Kind::MailServer => typed::read(tree).map(Document::MailServer),
        Kind::Channel => typed::read(tree).map(Document::Channel),
        Kind::Share => typed::read(tree).map(Document::Share),
        Kind::Fixture => typed::read(tree).map(Document::Fixture),
    }
}
