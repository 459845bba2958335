//! What an endpoint sends and what it gets: the body of the call, and where the answer has what.

use encoding_rs::Encoding;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::super::application::{AnswerFormat, Application, Endpoint, ForEach, Message, Method};
use super::super::csv::Csv;
use super::super::error::one_of;
use super::super::tree::join;
use super::super::webhook::collect;
use super::Checker;
use super::application::is_names;
use super::texts::Secrets;
use crate::expression::Format;

impl Checker<'_> {
    pub(super) fn message(&mut self, path: &str, endpoint: &Endpoint) {
        let at = join(path, "message");
        if let (Some(message), Method::Get) = (endpoint.message, endpoint.method)
            && message != Message::None
        {
            let hint = "leave it out, or write `method: POST`";
            self.error(&at, "a message with `method: GET`", hint);
        }
        let Some(body) = &endpoint.body else {
            let needed = matches!(
                endpoint.message,
                Some(Message::Xml | Message::Soap | Message::Text)
            );
            if needed {
                self.error(&at, "a message without a `body`", "write the text as `body`");
            }
            return;
        };
        let path = join(path, "body");
        if endpoint.method == Method::Get {
            let hint = "leave it out, or write `method: POST`";
            self.error(&path, "a body with `method: GET`", hint);
        }
        self.body(&path, endpoint.message, body);
    }

    /// What is sent, and whether it fits the message that it is sent as.
    pub(super) fn body(&mut self, path: &str, message: Option<Message>, body: &Value) {
        match (message, body) {
            (None | Some(Message::Json), _) => {}
            (Some(Message::None), _) => {
                self.error(path, "a body with `message: none`", "keep one of them");
            }
            (Some(Message::Form), Value::Object(fields)) => {
                for (name, value) in fields {
                    let plain = |value: &Value| !value.is_object() && !value.is_array();
                    let fits = match value {
                        Value::Array(items) => items.iter().all(plain),
                        other => plain(other),
                    };
                    if !fits {
                        let hint = "a form has texts, numbers and lists of them";
                        self.error(&join(path, name), "values within a value", hint);
                    }
                }
            }
            (Some(Message::Form), _) => {
                let hint = "write names with values, for example `body: { status: active }`";
                self.error(path, "something else than fields", hint);
            }
            (Some(_), Value::String(_)) => {}
            (Some(_), _) => {
                let hint = "write the text, for example with `body: |`";
                self.error(path, "something else than a text", hint);
            }
        }
        let mut texts = Vec::new();
        collect(path, body, &mut texts);
        for (path, text) in texts {
            self.format(&path, text, Secrets::Allowed);
        }
    }

    /// The endpoint for each record of which another is called.
    pub(super) fn for_each(
        &mut self,
        path: &str,
        application: &Application,
        endpoint: &Endpoint,
        for_each: &ForEach,
    ) {
        let at = join(path, "endpoint");
        let name = &for_each.endpoint;
        let others = || {
            application
                .endpoints
                .iter()
                .filter(|other| other.name != endpoint.name)
        };
        match others().find(|other| other.name == *name) {
            None if *name == endpoint.name => {
                self.error(&at, format!("`{name}` itself"), "name another endpoint");
            }
            None => {
                let hint = one_of(name, others().map(|other| other.name.as_str()));
                self.error(&at, format!("`{name}`, which is no endpoint here"), hint);
            }
            Some(other) if other.for_each.is_some() => {
                let found = format!("`{name}`, which is called for each record of another one itself");
                self.error(&at, found, "name an endpoint that is called by itself");
            }
            Some(_) => {}
        }
        for (name, column) in &for_each.add {
            let plain = |text: &str| !text.trim().is_empty() && !text.contains("{{");
            if !plain(name) || !plain(column) {
                let hint =
                    "write a name and a column of the other endpoint's records, for example `employeeId: id`";
                self.error(&join(&join(path, "add"), name), format!("`{column}`"), hint);
            }
        }
    }

    /// An endpoint that is called by itself has no record to name.
    pub(super) fn no_record(&mut self, path: &str, endpoint: &Endpoint) {
        for (path, text) in texts(path, endpoint) {
            let names_record =
                Format::parse(text).is_ok_and(|format| format.columns().any(|(name, _)| name == "record"));
            if names_record {
                let hint = "say for each record of which endpoint it is called: `for_each: { endpoint: … }`";
                self.error(&path, "`record` without `for_each`", hint);
            }
        }
    }

    pub(super) fn answer(&mut self, path: &str, endpoint: &Endpoint) {
        let records = join(path, "records");
        match endpoint.answer {
            AnswerFormat::Json if endpoint.for_each.is_some() && is_names(&endpoint.records) => {
                // One record for each record of the other endpoint.
                if endpoint.repeat.is_some() {
                    let found = format!("`{}`, which is one record, with `repeat`", endpoint.records);
                    let hint = "leave `repeat` out, or lead to a list by a final `[*]`";
                    self.error(&records, found, hint);
                }
            }
            AnswerFormat::Json => self.records(&records, &endpoint.records),
            AnswerFormat::Xml if endpoint.records == "$[*]" => {
                let hint = "write the names of the elements that lead to a record, for example \
                            `records: $.people.person[*]`";
                self.error(&records, "`$[*]`, and XML is no list", hint);
            }
            AnswerFormat::Xml => self.records(&records, &endpoint.records),
            AnswerFormat::Csv if endpoint.records != "$[*]" => {
                let found = format!("`{}` with `answer: csv`", endpoint.records);
                self.error(&records, found, "leave it out; every line is a record");
            }
            AnswerFormat::Csv => {}
        }
        match (&endpoint.csv, endpoint.answer) {
            (Some(csv), AnswerFormat::Csv) => self.csv(&join(path, "csv"), csv),
            (Some(_), _) => {
                let hint = "leave it out, or write `answer: csv`";
                self.error(&join(path, "csv"), "`csv` for another kind of answer", hint);
            }
            (None, _) => {}
        }
        if let Some(total) = &endpoint.total {
            let path = join(path, "total");
            if endpoint.answer == AnswerFormat::Csv {
                self.error(
                    &path,
                    "`total` with `answer: csv`",
                    "leave it out; a table has none",
                );
            } else {
                self.total(&path, total);
            }
        }
    }

    pub(super) fn records(&mut self, path: &str, text: &str) {
        let of_names = text.strip_suffix("[*]").is_some_and(is_names);
        if JsonPath::parse(text).is_err() || !of_names {
            let hint = "write a JSONPath of names and one final `[*]`, for example `$.results[*]`";
            self.error(
                path,
                format!("`{text}`, which does not lead to a list of records"),
                hint,
            );
        }
    }

    fn total(&mut self, path: &str, text: &str) {
        if JsonPath::parse(text).is_err() || !is_names(text) {
            let hint = "write a JSONPath of names, for example `$.totalCount`";
            self.error(path, format!("`{text}`, which does not lead to one number"), hint);
        }
    }

    /// How a table is written.
    pub(super) fn csv(&mut self, path: &str, csv: &Csv) {
        let mut characters = csv.separator.chars();
        let fits = match (characters.next(), characters.next()) {
            (Some(one), None) => !matches!(one, '"' | '\r' | '\n'),
            _ => false,
        };
        if !fits {
            let found = format!("the text `{}`", csv.separator.escape_debug());
            let hint = "write one character, for example `\";\"` or `\"\\t\"`";
            self.error(&join(path, "separator"), found, hint);
        }
        if let Some(label) = &csv.encoding
            && Encoding::for_label_no_replacement(label.as_bytes()).is_none()
        {
            let hint = "write for example `utf-8`, `windows-1252`, `iso-8859-15` or `utf-16le`";
            let found = format!("`{label}`, which is no encoding that is known");
            self.error(&join(path, "encoding"), found, hint);
        }
        for (at, name) in csv.columns.iter().enumerate() {
            let path = format!("{}[{at}]", join(path, "columns"));
            if name.trim().is_empty() {
                self.error(&path, "an empty text", "every column needs a name");
            } else if csv.columns.iter().take(at).any(|other| other == name) {
                let found = format!("`{name}` for the second time");
                self.error(&path, found, "give one of them another name");
            }
        }
    }
}
/// All formats of a call, each with its path.
pub(super) fn texts<'e>(path: &str, endpoint: &'e Endpoint) -> Vec<(String, &'e str)> {
    let mut texts = vec![(join(path, "url"), endpoint.url.as_str())];
    for (field, values) in [("query", &endpoint.query), ("headers", &endpoint.headers)] {
        let field = join(path, field);
        texts.extend(
            values
                .iter()
                .map(|(name, value)| (join(&field, name), value.0.as_str())),
        );
    }
    if let Some(body) = &endpoint.body {
        collect(&join(path, "body"), body, &mut texts);
    }
    texts
}
