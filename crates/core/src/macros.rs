//! Macros: the names and functions that stand for something in requests, in one table for checks, help and choosers.

use std::fmt::{self, Write as _};

/// Where a macro can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MacroPlace {
    /// `url`, `query`, `headers` and `body` of an endpoint.
    Request,
    /// `authorization` of an application, token requests included, and header fields of the application.
    Authorization,
    /// `bind` of a directory.
    Connection,
    /// `until` and `while` of `repeat`.
    Repeat,
    /// `removed` of `incremental`.
    Removed,
    /// `url`, `query`, `headers` and `body` of a webhook, where also every attribute of the account has its name.
    Webhook,
    /// `arguments` and `environment` of a script, with the attributes as in webhooks.
    Script,
    /// `subject`, `text` and `html` of a notification, with the attributes as in webhooks.
    Notification,
}

impl MacroPlace {
    /// All places.
    pub const ALL: [Self; 8] = [
        Self::Request,
        Self::Authorization,
        Self::Connection,
        Self::Repeat,
        Self::Removed,
        Self::Webhook,
        Self::Script,
        Self::Notification,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Authorization => "authorization",
            Self::Connection => "connection",
            Self::Repeat => "repeat",
            Self::Removed => "removed",
            Self::Webhook => "webhook",
            Self::Script => "script",
            Self::Notification => "notification",
        }
    }
}

impl fmt::Display for MacroPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A macro, for people.
#[derive(Clone, Copy, Debug)]
pub struct MacroDoc {
    /// How it is written, without braces; `…` stands for any name.
    pub name: &'static str,
    /// Where it can be used.
    pub places: &'static [MacroPlace],
    /// What it stands for, and what happens when that has no value.
    pub description: &'static str,
    /// A field that uses it.
    pub example: &'static str,
}

use MacroPlace::{Authorization, Connection, Notification, Removed, Repeat, Request, Script, Webhook};

/// Where nobody reads what is sent but the other side.
const SECRET: &[MacroPlace] = &[Request, Authorization, Connection, Webhook, Script];

const SENT: &[MacroPlace] = &[Request, Authorization, Connection, Webhook, Script, Notification];

/// What is about one account.
const ABOUT: &[MacroPlace] = &[Webhook, Script, Notification];

/// Every macro.
pub const MACROS: &[MacroDoc] = &[
    MacroDoc {
        name: "secret('…')",
        places: SECRET,
        description: "A secret of the vault, kept with `tenure secret set NAME`. It is masked in errors and logs. One \
                      that is not there is an error of the call.",
        example: "value: \"{{ secret('hr') }}\"",
    },
    MacroDoc {
        name: "env('…')",
        places: SENT,
        description: "An environment variable of the machine that Tenure runs on. Its name begins with `TENURE_VAR_`, or \
                      was allowed with `--allow-env`. It is not masked: keep secrets in the vault. One that is not \
                      there, not allowed or empty is an error of the call.",
        example: "url: \"https://{{ env('TENURE_VAR_REGION') }}.example.com/people\"",
    },
    MacroDoc {
        name: "now",
        places: SENT,
        description: "The time of the call. `date_add` moves it, `format_date` writes it, `start_of` gives the first day \
                      of its month, and `timestamp` counts seconds.",
        example: "query: { before: \"{{ now | date_add('-7d') | format_date('%Y-%m-%d', 'Europe/Berlin') }}\" }",
    },
    MacroDoc {
        name: "last_run",
        places: &[Request],
        description: "When the last successful run of the data source began. Before the first there is none, which is an \
                      error of the call unless `default` says what is sent then.",
        example: "query: { from: \"{{ last_run | default('2020-01-01T00:00:00Z') | format_date('%Y-%m-%d') }}\" }",
    },
    MacroDoc {
        name: "since",
        places: &[Request],
        description: "How far the last fetch came, with `incremental`: a moment or a number. A parameter, header field \
                      or member of the body that names it is left out while everything is fetched.",
        example: "query: { changedAfter: \"{{ since | format_date('%Y-%m-%dT%H:%M:%S', 'Europe/Berlin') }}\" }",
    },
    MacroDoc {
        name: "record.…",
        places: &[Request],
        description: "A column of the record that the endpoint is called for, with `for_each`; encoded within `url`. One \
                      without a value is an error of the call.",
        example: "url: \"https://hr.example.com/api/people/{{ record.id }}/contracts\"",
    },
    MacroDoc {
        name: "record",
        places: &[Removed],
        description: "A record as it came.",
        example: "removed: \"record['@removed']\"",
    },
    MacroDoc {
        name: "page.number",
        places: &[Request, Repeat],
        description: "The page that is asked for or that came, counted from 1.",
        example: "until: page.number == 10",
    },
    MacroDoc {
        name: "page.offset",
        places: &[Request],
        description: "The number that `parameter` or `page` of `repeat` has for this call. A request that names it says \
                      itself where it goes: `repeat` puts it nowhere else.",
        example: "query: { range: \"{{ page.offset }}-{{ page.offset + 99 }}\" }",
    },
    MacroDoc {
        name: "page.cursor",
        places: &[Request],
        description: "The cursor that leads to this page, with `cursor` of `repeat`; the first has none. A request that \
                      names it says itself where it goes: `repeat` puts it nowhere else.",
        example: "body: \"<Next>{{ page.cursor | default('start') }}</Next>\"",
    },
    MacroDoc {
        name: "page.records",
        places: &[Request, Repeat],
        description: "The records of the page that came; in a request those of the page before.",
        example: "until: page.records | length == 0",
    },
    MacroDoc {
        name: "page.count",
        places: &[Request, Repeat],
        description: "How many records have come, in `repeat` those of this page included.",
        example: "while: page.count < page.total",
    },
    MacroDoc {
        name: "page.total",
        places: &[Request, Repeat],
        description: "How many records there are in all, as the answer says at `total`; in a request as the page before \
                      said.",
        example: "until: page.count >= page.total",
    },
    MacroDoc {
        name: "page.answer",
        places: &[Request, Repeat],
        description: "The whole answer that came; in a request that of the page before.",
        example: "while: page.answer.hasMore",
    },
    MacroDoc {
        name: "account.dn",
        places: ABOUT,
        description: "The account's place in the directory; its name there, where it has no DN.",
        example: "arguments: [\"{{ account.dn }}\"]",
    },
    MacroDoc {
        name: "account.id",
        places: ABOUT,
        description: "The account's id, which never changes.",
        example: "body: { id: \"{{ account.id }}\" }",
    },
    MacroDoc {
        name: "person.key",
        places: ABOUT,
        description: "The key by which the data source knows the person.",
        example: "headers: { X-Person: \"{{ person.key }}\" }",
    },
    MacroDoc {
        name: "person.name",
        places: ABOUT,
        description: "What the plan calls the person.",
        example: "subject: \"{{ person.name }} begins\"",
    },
    MacroDoc {
        name: "captured.…",
        places: ABOUT,
        description: "What a webhook or script kept of its answer with `capture`, in this run or an earlier one.",
        example: "url: \"https://desk.example.com/contacts/{{ captured.contact_id }}\"",
    },
    MacroDoc {
        name: "run",
        places: ABOUT,
        description: "The run that makes the call; a trial has none.",
        example: "body: { note: \"Run {{ run | default('of a trial') }}\" }",
    },
    MacroDoc {
        name: "password",
        places: &[Notification],
        description: "The first password of an account that Tenure created, in `text` and `html`.",
        example: "text: \"Your password is {{ password }}.\"",
    },
];

/// Whether a plain name, such as `since` or `record`, stands for something at this place.
pub fn is_known(place: MacroPlace, name: &str) -> bool {
    names(place).any(|known| known == name)
}

/// The plain names that stand for something at this place.
pub fn names(place: MacroPlace) -> impl Iterator<Item = &'static str> {
    MACROS
        .iter()
        .filter(move |known| known.places.contains(&place) && !known.name.contains('('))
        .map(|known| known.name.split('.').next().unwrap_or(known.name))
}

/// The table as documentation (Markdown).
pub fn markdown() -> String {
    let mut text = String::from("| Macro | Where | What it stands for | Example |\n|---|---|---|---|\n");
    for known in MACROS {
        let places: Vec<_> = known.places.iter().map(|place| place.name()).collect();
        // Within a table a bar would end the cell.
        let example = known.example.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | `{example}` |",
            known.name,
            places.join(", "),
            known.description
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{Condition, Format};

    #[test]
    fn the_documentation_has_this_table() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/macros.md");
        let page = std::fs::read_to_string(page).unwrap().replace("\r\n", "\n");
        assert!(
            page.contains(&markdown()),
            "docs/macros.md should have this table:\n{}",
            markdown()
        );
        for place in MacroPlace::ALL {
            assert!(page.contains(&format!("**{place}**")), "{place} is not explained");
        }
    }

    #[test]
    fn every_example_can_be_read_and_names_its_macro() {
        for known in MACROS {
            let start = known.name.trim_end_matches(['…', '\'', ')', '.']);
            assert!(known.example.contains(start), "{}", known.example);
            let text = known.example.split_once(": ").unwrap().1;
            if known.places.iter().any(|place| matches!(place, Repeat | Removed)) {
                Condition::parse(text.trim_matches('"')).unwrap();
            } else {
                let (open, close) = (text.find('"').unwrap(), text.rfind('"').unwrap());
                Format::parse(&text[open + 1..close]).unwrap();
            }
        }
    }
}
