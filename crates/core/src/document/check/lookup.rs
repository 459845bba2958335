//! `kind: lookup`.

use std::collections::HashMap;

use super::super::lookup::Lookup;
use super::super::tree::join;
use super::Checker;
use crate::expression::functions;

impl Checker<'_> {
    pub(super) fn lookup(&mut self, lookup: &Lookup) {
        let name = &lookup.name;
        let callable = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !callable {
            let hint = "expressions call it by its name: write letters, digits and underscores";
            self.error("name", format!("`{name}`, which expressions cannot call"), hint);
        }
        if functions().any(|function| function.name == name) {
            self.error(
                "name",
                format!("`{name}`, which is a function of expressions"),
                "choose another name",
            );
        }
        let mut known = HashMap::new();
        for key in lookup.values.keys() {
            if let Some(other) = known.insert(key.to_lowercase(), key) {
                let found = format!("`{key}` and `{other}`, which differ in case only");
                self.error(
                    &join("values", key),
                    found,
                    "keys are compared without regard to case; keep one",
                );
            }
        }
    }
}
