//! From YAML (or JSON, which is YAML) to trees, within limits of size, depth and number.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, Span, Tag};

use super::tree::{Entry, Node, Position, Scalar, ScalarKind, Value};

/// The longest text, in bytes.
pub(super) const MAX_BYTES: usize = 4 << 20;
/// The deepest nesting of lists and mappings.
const MAX_DEPTH: usize = 64;
/// The most values of one text, those that aliases repeat included.
const MAX_NODES: usize = 500_000;

/// Why a text, or a part of it, is not a tree.
#[derive(Debug)]
pub(super) struct TextError {
    pub at: Position,
    pub found: String,
    pub hint: String,
}

/// The trees of a text, and what is wrong with it. A text with an error in its syntax gives the documents before it.
pub(super) fn read(text: &str) -> (Vec<Node>, Vec<TextError>) {
    if text.len() > MAX_BYTES {
        let found = format!("a text of {} bytes", text.len());
        let hint = format!("a file may have up to {} MiB; split it", MAX_BYTES >> 20);
        return (
            Vec::new(),
            vec![TextError {
                at: Position { line: 1, column: 1 },
                found,
                hint,
            }],
        );
    }
    let mut reader = Reader::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                if let Err(error) = reader.take(event, span) {
                    reader.errors.push(error);
                    break;
                }
            }
            Err(error) => {
                let at = Position {
                    line: number(error.marker().line()),
                    column: number(error.marker().col() + 1),
                };
                if error.info().contains("recursion limit") {
                    reader.errors.push(too_deep(at));
                    break;
                }
                let hint = "correct the YAML; texts with `: `, ` #`, `{`, `[`, `*`, `&` or `%` need quotes"
                    .to_owned();
                reader.errors.push(TextError {
                    at,
                    found: format!("text that is not YAML ({})", error.info()),
                    hint,
                });
                break;
            }
        }
    }
    (reader.documents, reader.errors)
}

/// Builds trees from events, with the lists and mappings that are still open on a stack.
#[derive(Default)]
struct Reader {
    documents: Vec<Node>,
    errors: Vec<TextError>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

struct Open {
    at: Position,
    anchor: usize,
    first: usize,
    what: Collection,
}

enum Collection {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        known: HashMap<String, Position>,
        key: Option<(String, Position)>,
    },
}

impl Reader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), TextError> {
        let at = Position {
            line: number(span.start.line()),
            column: number(span.start.col() + 1),
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, at)?;
                let scalar = Scalar {
                    kind: kind(&text, style, tag.as_ref(), at)?,
                    text: text.into_owned(),
                };
                self.close(Node::new(at, Value::Scalar(scalar)), anchor, 1)
            }
            Event::SequenceStart(_, anchor, _) => self.open(at, anchor, Collection::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                let map = Collection::Map {
                    entries: Vec::new(),
                    known: HashMap::new(),
                    key: None,
                };
                self.open(at, anchor, map)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Ok(());
                };
                let value = match open.what {
                    Collection::List(items) => Value::List(items),
                    Collection::Map { entries, .. } => Value::Map(entries),
                };
                self.close(Node::new(open.at, value), open.anchor, self.nodes - open.first)
            }
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor) else {
                    return Err(wrong(
                        at,
                        "an alias of something that is not complete yet",
                        "write it out",
                    ));
                };
                let (mut node, size) = (node.clone(), *size);
                if self.open.len() + depth(&node) > MAX_DEPTH {
                    return Err(too_deep(at));
                }
                self.count(size, at)?;
                node.at = at;
                self.close(node, 0, size)
            }
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, at: Position, anchor: usize, what: Collection) -> Result<(), TextError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.count(1, at)?;
        self.open.push(Open {
            at,
            anchor,
            first: self.nodes - 1,
            what,
        });
        Ok(())
    }

    /// Puts a complete node where it belongs.
    fn close(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), TextError> {
        if anchor != 0 {
            self.count(size, node.at)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.open.last_mut().map(|open| &mut open.what) {
            None => self.documents.push(node),
            Some(Collection::List(items)) => items.push(node),
            Some(Collection::Map { entries, known, key }) => match key.take() {
                None => {
                    let Value::Scalar(scalar) = node.value else {
                        return Err(wrong(
                            node.at,
                            "a list or mapping as a key",
                            "keys are texts; quote it",
                        ));
                    };
                    *key = Some((scalar.text, node.at));
                }
                Some((name, key_at)) => {
                    if let Some(first) = known.get(&name) {
                        let found = format!("`{name}` in lines {} and {}", first.line, key_at.line);
                        self.errors
                            .push(wrong(key_at, &found, "a key may stand only once in a mapping"));
                    } else {
                        known.insert(name.clone(), key_at);
                        entries.push(Entry {
                            key: name,
                            key_at,
                            value: node,
                        });
                    }
                }
            },
        }
        Ok(())
    }

    fn count(&mut self, more: usize, at: Position) -> Result<(), TextError> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MAX_NODES {
            let found = format!("more than {MAX_NODES} values, those that aliases repeat included");
            return Err(wrong(at, &found, "split the file, or use fewer aliases"));
        }
        Ok(())
    }
}

fn wrong(at: Position, found: &str, hint: &str) -> TextError {
    TextError {
        at,
        found: found.to_owned(),
        hint: hint.to_owned(),
    }
}

fn too_deep(at: Position) -> TextError {
    wrong(
        at,
        &format!("lists and mappings nested deeper than {MAX_DEPTH}"),
        "documents are flatter than that",
    )
}

fn depth(node: &Node) -> usize {
    let children: Box<dyn Iterator<Item = &Node>> = match &node.value {
        Value::List(items) => Box::new(items.iter()),
        Value::Map(entries) => Box::new(entries.iter().map(|entry| &entry.value)),
        _ => return 0,
    };
    1 + children.map(depth).max().unwrap_or(0)
}

fn kind(
    text: &str,
    style: ScalarStyle,
    tag: Option<&Cow<'_, Tag>>,
    at: Position,
) -> Result<ScalarKind, TextError> {
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain {
            ScalarKind::of_plain(text)
        } else {
            ScalarKind::Text
        });
    };
    if tag.is_yaml_core_schema_tag("str") {
        return Ok(ScalarKind::Text);
    }
    let core = ["null", "bool", "int", "float"]
        .into_iter()
        .any(|name| tag.is_yaml_core_schema_tag(name));
    if core {
        return Ok(ScalarKind::of_plain(text));
    }
    let (handle, suffix) = tag.parts();
    Err(wrong(
        at,
        &format!("the tag `{handle}{suffix}`"),
        "documents have no tags; leave it out",
    ))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
