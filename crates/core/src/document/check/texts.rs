//! Texts that are checked alike wherever they stand: formats, columns, conditions, secrets, names of objects.

use super::super::complaint::shortened;
use super::super::error::closest;
use super::super::set::Kind;
use super::Checker;
use crate::compile::column_or_format;
use crate::dn::Dn;
use crate::expression::{Condition, ExpressionError, Format, functions};

/// Whether a secret may be read by a format.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// In what is sent to the server that the document is about.
    Allowed,
    /// Where it would end up in profiles, plans and accounts.
    Refused,
}

impl Checker<'_> {
    pub(super) fn format(&mut self, path: &str, text: &str, secrets: Secrets) -> Option<Format> {
        let format = self.parsed(path, Format::parse(text))?;
        self.tables(path, format.tables());
        if secrets == Secrets::Refused && format.uses_secret() {
            self.secret_refused(path);
        }
        if secrets == Secrets::Refused && format.uses_variable() {
            self.variable_refused(path);
        }
        Some(format)
    }

    /// A column's path, or a format where there are braces.
    pub(super) fn column(&mut self, path: &str, text: &str) -> Option<Format> {
        if text.trim().is_empty() {
            self.error(
                path,
                "an empty text",
                "write a column, or a format with `{{ … }}`",
            );
            return None;
        }
        let format = self.parsed(path, column_or_format(text))?;
        self.tables(path, format.tables());
        if format.uses_secret() {
            self.secret_refused(path);
        }
        if format.uses_variable() {
            self.variable_refused(path);
        }
        Some(format)
    }

    pub(super) fn condition(&mut self, path: &str, text: &str) -> Option<Condition> {
        let condition = self.parsed(path, Condition::parse(text))?;
        self.tables(path, condition.tables());
        Some(condition)
    }

    fn parsed<T>(&mut self, path: &str, parsed: Result<T, ExpressionError>) -> Option<T> {
        parsed
            .map_err(|error| {
                let place = match error.position {
                    Some(at) => {
                        let before = error.expression.get(..at).unwrap_or_default().chars().count();
                        format!(" at character {}", before + 1)
                    }
                    None => String::new(),
                };
                let text = shortened(&error.expression);
                self.error(
                    path,
                    format!("`{text}`, which is wrong{place}: {}", error.problem),
                    error.hint,
                );
            })
            .ok()
    }

    /// Tables that expressions call. A function that nobody knows looks the same.
    fn tables<'t>(&mut self, path: &str, tables: impl Iterator<Item = &'t str>) {
        for table in tables {
            let known = self.documents.get(Kind::Lookup, table).is_some();
            let function = closest(table, functions().map(|function| function.name)).filter(|_| !known);
            match function {
                Some(likely) if closest(table, self.documents.names(Kind::Lookup)).is_none() => {
                    let found = format!("`{table}(…)`, which is neither a function nor a lookup");
                    let hint =
                        format!("did you mean `{likely}`? For a table add a document with `kind: lookup`");
                    self.missing(path, found, hint);
                }
                _ => self.reference(path, Kind::Lookup, table),
            }
        }
    }

    fn secret_refused(&mut self, path: &str) {
        let hint = "secrets can be used in applications and in `bind` of directories";
        self.error(path, "a secret, which would become visible here", hint);
    }

    fn variable_refused(&mut self, path: &str) {
        let hint = "the same records must give the same plan everywhere; use a lookup table instead";
        self.error(
            path,
            "an environment variable, which only requests and connections have",
            hint,
        );
    }

    /// A password or key, which belongs into the vault.
    pub(super) fn credential(&mut self, path: &str, text: &str) {
        let Some(format) = self.format(path, text, Secrets::Allowed) else {
            return;
        };
        if !format.uses_secret() {
            let hint =
                "put it into the vault with `tenure secret set NAME`, and write `{{ secret('NAME') }}`";
            self.warning(path, "a password or key in clear", hint);
        }
    }

    /// The name of an object, where it is written out.
    pub(super) fn dn(&mut self, path: &str, text: &str) -> Option<Dn> {
        if text.trim().is_empty() {
            self.error(
                path,
                "an empty name",
                "write a distinguished name, for example `OU=Staff,DC=corp,DC=example`",
            );
            return None;
        }
        Dn::parse(text)
            .map_err(|error| {
                let found = format!("`{}`, which is not a distinguished name", shortened(text));
                self.error(
                    path,
                    found,
                    format!("`{}` should read `attribute=value`", error.part),
                );
            })
            .ok()
    }

    /// A format that gives the name of an object.
    pub(super) fn dn_format(&mut self, path: &str, text: &str) -> Option<Format> {
        if !text.contains("{{") {
            self.dn(path, text)?;
        }
        self.format(path, text, Secrets::Refused)
    }

    /// A number within its bounds.
    pub(super) fn number(
        &mut self,
        path: &str,
        number: impl Into<i64>,
        bounds: std::ops::RangeInclusive<i64>,
    ) {
        let number = number.into();
        if !bounds.contains(&number) {
            let hint = format!("write a number from {} to {}", bounds.start(), bounds.end());
            self.error(path, format!("the number {number}"), hint);
        }
    }
}
