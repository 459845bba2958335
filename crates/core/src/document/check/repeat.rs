//! How calls repeat: one kind, with what belongs to it, and conditions that can be asked of a page.

use serde_json_path::JsonPath;

use super::super::application::{AnswerFormat, Endpoint, Message, Method};
use super::super::repeat::{Place, Repeat};
use super::super::tree::join;
use super::Checker;
use super::application::is_names;
use super::paging::names;

/// What conditions can name of a page.
const OF_A_PAGE: [&str; 5] = ["records", "number", "count", "total", "answer"];

impl Checker<'_> {
    pub(super) fn repeat(&mut self, path: &str, repeat: &Repeat, endpoint: &Endpoint) {
        self.one_kind(path, repeat);
        if let Some(parameter) = &repeat.parameter {
            self.parameter(path, parameter, repeat.to, endpoint);
            match repeat.increment {
                None => {
                    let hint = "write `increment` with the number of records of a page";
                    self.error(path, "`parameter` without `increment`", hint);
                }
                Some(increment) if increment < 1 => {
                    let found = format!("the number {increment}");
                    let hint = "write by how much the parameter grows, 1 at least";
                    self.error(&join(path, "increment"), found, hint);
                }
                Some(_) => {}
            }
        }
        if let Some(page) = &repeat.page {
            self.parameter(&join(path, "page"), &page.parameter, page.to, endpoint);
        }
        if let Some(cursor) = &repeat.cursor {
            let path = join(path, "cursor");
            self.taken_from(&path, cursor.from.as_deref(), cursor.header.as_deref(), endpoint);
            self.place(&path, "name", &cursor.name, cursor.to, endpoint);
        }
        if let Some(link) = &repeat.next_link {
            let path = join(path, "next_link");
            self.taken_from(&path, link.from.as_deref(), link.header.as_deref(), endpoint);
        }
        self.number(&join(path, "max_pages"), repeat.max_pages, 1..=10_000_000);
        if let Some(until) = &repeat.until {
            self.page_condition(&join(path, "until"), until);
        }
        if let Some(condition) = &repeat.as_long_as {
            let path = join(path, "while");
            if repeat.until.is_some() {
                self.error(&path, "both `until` and `while`", "keep one of them");
            }
            self.page_condition(&path, condition);
        }
    }

    fn one_kind(&mut self, path: &str, repeat: &Repeat) {
        let kinds = [
            ("parameter", repeat.parameter.is_some()),
            ("page", repeat.page.is_some()),
            ("cursor", repeat.cursor.is_some()),
            ("next_link", repeat.next_link.is_some()),
        ];
        let mut named = kinds.iter().filter(|(_, named)| *named).map(|(kind, _)| *kind);
        let Some(first) = named.next() else {
            let hint = "write `parameter` with `increment`, `page: { parameter: … }`, `cursor: { from: …, name: … }` or \
                        `next_link: { header: Link }`";
            self.error(path, "nothing that changes from call to call", hint);
            return;
        };
        for other in named {
            let found = format!("`{other}` with `{first}`");
            self.error(
                &join(path, other),
                found,
                "a call repeats in one way; keep one of them",
            );
        }
        let only_by_offset = [
            ("start", repeat.start.is_some()),
            ("increment", repeat.increment.is_some()),
            ("to", repeat.to.is_some()),
        ];
        for (field, _) in only_by_offset
            .iter()
            .filter(|(_, named)| *named && first != "parameter")
        {
            let hint = match (*field, first) {
                ("start", "page") | ("to", "page" | "cursor") => format!("write it within `{first}`"),
                _ => "it belongs to `parameter`; leave it out".to_owned(),
            };
            self.error(&join(path, field), format!("`{field}` with `{first}`"), hint);
        }
    }

    /// A parameter whose number grows.
    fn parameter(&mut self, path: &str, parameter: &str, to: Option<Place>, endpoint: &Endpoint) {
        self.place(path, "parameter", parameter, to, endpoint);
        if endpoint.query.contains_key(parameter) && !names(endpoint, "offset") {
            let found = format!("`{parameter}`, which `query` has too");
            self.error(
                &join(path, "parameter"),
                found,
                "leave it out of `query`; `start` says its first value",
            );
        }
    }

    /// What is put into each request, and where.
    fn place(&mut self, path: &str, field: &str, name: &str, to: Option<Place>, endpoint: &Endpoint) {
        let at = join(path, field);
        if name.is_empty() {
            self.error(
                &at,
                "an empty text",
                "write the name of the parameter that changes",
            );
        }
        let member = if field == "name" { "cursor" } else { "offset" };
        let named = names(endpoint, member);
        if named && to.is_some() {
            let found = format!("`to`, and the request names `page.{member}`");
            let hint = "keep one of them; what the request names goes nowhere else";
            self.error(&join(path, "to"), found, hint);
            return;
        }
        let whole = match endpoint.message {
            None => endpoint.body.as_ref().is_none_or(serde_json::Value::is_object),
            Some(Message::Json | Message::Form) => {
                endpoint.body.as_ref().is_none_or(serde_json::Value::is_object)
            }
            Some(_) => false,
        };
        let body = match to {
            Some(Place::Body) => {
                let path = join(path, "to");
                if endpoint.method == Method::Get {
                    let hint = "write `to: query`, or `method: POST`";
                    self.error(&path, "`body` with `method: GET`", hint);
                } else if !whole {
                    let hint = "write `to: query`, or a `body` of fields (`message: json` or `form`)";
                    self.error(&path, "`body`, and the body has no fields", hint);
                }
                true
            }
            Some(Place::Header) => {
                self.header_name(&at, name);
                false
            }
            Some(Place::Query) => false,
            None => {
                let list = matches!(endpoint.message, None | Some(Message::Json)) && !whole;
                if endpoint.method == Method::Post && list && !named {
                    let hint = "write an object, or say `to: query`";
                    self.error(path, "no place for it: the `body` is not an object", hint);
                }
                endpoint.method == Method::Post && whole
            }
        };
        if name.starts_with('$') && (!body || JsonPath::parse(name).is_err() || !is_names(name)) {
            let hint =
                "write a plain name, or with `to: body` a JSONPath of names such as `$.variables.after`";
            self.error(&at, format!("`{name}`, which is no name here"), hint);
        }
    }

    /// Where in an answer something for the next call is.
    fn taken_from(&mut self, path: &str, from: Option<&str>, header: Option<&str>, endpoint: &Endpoint) {
        match (from, header) {
            (None, None) => {
                let hint =
                    "write `from` with its place in the answer, or `header` with the name of a header field";
                self.error(path, "neither `from` nor `header`", hint);
            }
            (Some(_), Some(_)) => {
                self.error(
                    &join(path, "header"),
                    "both `from` and `header`",
                    "keep one of them",
                );
            }
            (Some(_), None) if endpoint.answer == AnswerFormat::Csv => {
                let hint =
                    "a table has nothing but records; write `header`, or repeat by `page` or `parameter`";
                self.error(&join(path, "from"), "`from` with `answer: csv`", hint);
            }
            (Some(from), None) => {
                if JsonPath::parse(from).is_err() || !is_names(from) || from.trim() == "$" {
                    let hint = "write a JSONPath of names, for example `$.meta.next`";
                    self.error(
                        &join(path, "from"),
                        format!("`{from}`, which does not lead to one value"),
                        hint,
                    );
                }
            }
            (None, Some(header)) => self.header_name(&join(path, "header"), header),
        }
    }

    fn page_condition(&mut self, path: &str, text: &str) {
        let Some(condition) = self.condition(path, text) else {
            return;
        };
        for (name, member) in condition.columns() {
            if name != "page" || member.is_some_and(|member| !OF_A_PAGE.contains(&member)) {
                let name = member.map_or_else(|| name.to_owned(), |member| format!("{name}.{member}"));
                let hint = "only `page.records`, `page.number`, `page.count`, `page.total` and `page.answer` are known \
                            here";
                self.error(path, format!("`{name}`"), hint);
            }
        }
    }
}
