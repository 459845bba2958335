//! Writes a tree as YAML that reads well: short values in one line, the rest in lines of their own.

use super::super::tree::{Node, Scalar, ScalarKind, Value};

/// What fits into a line stays there.
const WIDTH: usize = 110;

/// A mapping as the text of a document.
pub(super) fn document(node: &Node) -> String {
    let mut out = String::new();
    entries(node, 0, &mut out);
    out
}

fn entries(node: &Node, indent: usize, out: &mut String) {
    for entry in node.entries() {
        out.push_str(&" ".repeat(indent));
        out.push_str(&text(&entry.key));
        out.push(':');
        value(&entry.value, indent, out);
    }
}

/// What stands after a key or a hyphen, with the end of the line.
fn value(node: &Node, indent: usize, out: &mut String) {
    let line = flow(node);
    let is_plain = matches!(node.value, Value::Scalar(_) | Value::Removed | Value::StandIn);
    if is_plain || (indent > 0 || is_small(node)) && indent + line.len() < WIDTH {
        out.push(' ');
        out.push_str(&line);
        out.push('\n');
        return;
    }
    out.push('\n');
    match &node.value {
        Value::List(items) => {
            for item in items {
                out.push_str(&" ".repeat(indent + 2));
                out.push('-');
                let line = flow(item);
                match &item.value {
                    Value::Map(_) if indent + line.len() >= WIDTH => {
                        let mut inner = String::new();
                        entries(item, indent + 4, &mut inner);
                        out.push(' ');
                        out.push_str(inner.trim_start());
                    }
                    _ => {
                        out.push(' ');
                        out.push_str(&line);
                        out.push('\n');
                    }
                }
            }
        }
        _ => entries(node, indent + 2, out),
    }
}

/// Whether even the outermost level of a document has it in one line.
fn is_small(node: &Node) -> bool {
    match &node.value {
        Value::Map(entries) => entries.len() <= 2,
        Value::List(items) => items.len() <= 2,
        _ => true,
    }
}

fn flow(node: &Node) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match &node.value {
        Value::Scalar(plain) => scalar(plain),
        Value::List(items) => format!("[{}]", joined(items.iter().map(flow).collect())),
        Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Map(entries) => {
            let part =
                |entry: &super::super::tree::Entry| format!("{}: {}", text(&entry.key), flow(&entry.value));
            format!("{{ {} }}", joined(entries.iter().map(part).collect()))
        }
        Value::Removed | Value::StandIn => "null".to_owned(),
    }
}

fn scalar(scalar: &Scalar) -> String {
    match scalar.kind {
        ScalarKind::Text => text(&scalar.text),
        ScalarKind::Null => "null".to_owned(),
        _ => scalar.text.clone(),
    }
}

/// A text, in quotes where it would be read as something else.
fn text(text: &str) -> String {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ');
    let plain = text.starts_with(|c: char| c.is_alphanumeric())
        && !text.ends_with(' ')
        && text.chars().all(inside)
        && ScalarKind::of_plain(text) == ScalarKind::Text
        && !["yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if plain {
        text.to_owned()
    } else {
        // A text of JSON is one of YAML too (YAML 1.2.2, section 7.3.1).
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::yaml;
    use super::*;

    #[test]
    fn what_is_written_is_read_the_same() {
        let source = "a: {b: '007', c: 7, d: null, e: [x, \"{{ secret('y') }}\", ': z', '- q', 'no', 'true', true]}\n\
                      long:\n  one: 'a text that is quite long, so that it does not fit into one line with the others'\n  \
                      two: { three: 'another text that is quite long, so that nothing fits into a line', f: 1.50 }\n\
                      list: [{ a: 'x \"quoted\" \\ y' }, { b: \"line\\nend\" }, [], {}]\n";
        let read = |text: &str| {
            let (mut trees, errors) = yaml::read(text);
            assert!(errors.is_empty(), "{errors:?}\n{text}");
            trees.remove(0)
        };
        let first = document(&read(source));
        assert_eq!(document(&read(&first)), first);
        assert_eq!(flow(&read(&first)), flow(&read(source)));
        insta::assert_snapshot!(first, @r#"
        a:
          b: "007"
          c: 7
          d: null
          e: [x, "{{ secret('y') }}", ": z", "- q", "no", "true", true]
        long:
          one: "a text that is quite long, so that it does not fit into one line with the others"
          two: { three: "another text that is quite long, so that nothing fits into a line", f: 1.50 }
        list:
          - { a: "x \"quoted\" \\ y" }
          - { b: "line\nend" }
          - []
          - {}
        "#);
    }
}
