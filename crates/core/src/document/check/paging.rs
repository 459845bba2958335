//! `page` in the requests of an endpoint: what it may name of the page before, and where.

use super::super::application::{AnswerFormat, Endpoint};
use super::super::repeat::Repeat;
use super::super::tree::join;
use super::Checker;
use super::exchange::texts;
use super::webhook::host_of;
use crate::expression::Format;

/// What requests can name of `page`.
const IN_REQUESTS: [&str; 7] = [
    "number", "offset", "cursor", "count", "total", "records", "answer",
];

impl Checker<'_> {
    /// Requests may name where the repetition stands and what the page before said, where there is one.
    pub(super) fn pages(&mut self, path: &str, endpoint: &Endpoint) {
        let url = join(path, "url");
        let query = join(path, "query");
        for (path, text) in texts(path, endpoint) {
            let Ok(format) = Format::parse(text) else { continue };
            let mut members = format.columns().filter(|(name, _)| *name == "page").peekable();
            if members.peek().is_none() {
                continue;
            }
            let Some(repeat) = &endpoint.repeat else {
                let hint = "say how the call repeats: `repeat: …`, or leave `page` out";
                self.error(&path, "`page` without `repeat`", hint);
                continue;
            };
            if path == url {
                self.host_of_page(&path, text);
            }
            if repeat.next_link.is_some() && (path == url || path.starts_with(&query)) {
                let hint = "leave `page` out here; the link to the next page has all of its address";
                self.error(&path, "`page` in an address with `next_link`", hint);
            }
            for (_, member) in members {
                self.page_member(&path, member, repeat, endpoint);
            }
        }
    }

    fn page_member(&mut self, path: &str, member: Option<&str>, repeat: &Repeat, endpoint: &Endpoint) {
        match member {
            Some("offset") if repeat.parameter.is_none() && repeat.page.is_none() => {
                let hint = "only `parameter` and `page` of `repeat` count; `page.number` is always known";
                self.error(path, "`page.offset` with a `repeat` that does not count", hint);
            }
            Some("cursor") if repeat.cursor.is_none() => {
                let hint =
                    "write `repeat: { cursor: … }`, or name what the page before says as `page.answer.…`";
                self.error(path, "`page.cursor` without `cursor`", hint);
            }
            Some("answer") if endpoint.answer == AnswerFormat::Csv => {
                let hint = "a table has nothing but records; name `page.records`";
                self.error(path, "`page.answer` with `answer: csv`", hint);
            }
            Some("total") if endpoint.total.is_none() => {
                let hint = "say where the answer has it: `total: $.…`";
                self.error(path, "`page.total` without `total`", hint);
            }
            Some(member) if IN_REQUESTS.contains(&member) => {}
            member => {
                let found = member.map_or_else(|| "`page`".to_owned(), |member| format!("`page.{member}`"));
                let known = IN_REQUESTS.map(|known| format!("`page.{known}`")).join(", ");
                self.error(path, found, format!("known here are {known}"));
            }
        }
    }

    /// An answer must not choose the server that the next request, with its key, goes to.
    fn host_of_page(&mut self, path: &str, url: &str) {
        let names_page = |text: &str| {
            Format::parse(text).is_ok_and(|format| format.columns().any(|(name, _)| name == "page"))
        };
        if host_of(url).is_none_or(names_page) {
            let hint = "write the address out as far as its host; a link to the next page is followed with `repeat: { \
                        next_link: … }`";
            self.error(path, "a host that depends on an answer", hint);
        }
    }
}

/// Whether a request names this member of `page`.
pub(super) fn names(endpoint: &Endpoint, wanted: &str) -> bool {
    texts("", endpoint)
        .iter()
        .filter_map(|(_, text)| Format::parse(text).ok())
        .any(|format| {
            format
                .columns()
                .any(|(name, member)| name == "page" && member == Some(wanted))
        })
}
