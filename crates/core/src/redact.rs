//! Values that are nobody's business: attributes whose mapping says `redact: true` are planned and written like
//! others, and shown as `…`. Hidden is what is shown; what is stored stays whole, since it has to be carried out.

use std::collections::{BTreeMap, BTreeSet};

use crate::action::{Action, AttributeChange, AttributeValues};
use crate::attribute::AttributeName;
use crate::compile::column_or_format;
use crate::document::{DataSource, Document, Documents};
use crate::outcome::Outcome;
use crate::plan::{Change, Operation};

/// What stands for a hidden value.
pub const HIDDEN: &str = "…";

/// The attributes and columns whose values are not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    attributes: BTreeSet<AttributeName>,
    /// Columns by data source, which only hidden attributes are made of.
    columns: BTreeMap<String, BTreeSet<String>>,
}

impl Redaction {
    /// What these documents hide. An attribute that one data source hides is hidden everywhere.
    pub fn of(documents: &Documents) -> Self {
        let mut redaction = Self::default();
        for document in documents.iter() {
            if let Document::DataSource(source) = document {
                let hidden = source
                    .attributes
                    .iter()
                    .filter(|(_, mapping)| mapping.is_redacted());
                redaction.attributes.extend(hidden.map(|(name, _)| name.clone()));
                let columns = hidden_columns(source);
                if !columns.is_empty() {
                    redaction.columns.insert(source.name.clone(), columns);
                }
            }
        }
        redaction
    }

    /// Hides what another one hides too.
    pub fn add(&mut self, other: Self) {
        self.attributes.extend(other.attributes);
        for (source, columns) in other.columns {
            self.columns.entry(source).or_default().extend(columns);
        }
    }

    /// Whether the values of an attribute are hidden.
    pub fn hides(&self, name: &str) -> bool {
        self.attributes.iter().any(|hidden| hidden.is(name))
    }

    /// Whether the values of a data source's column are hidden.
    pub fn hides_column(&self, source: &str, column: &str) -> bool {
        self.columns
            .get(source)
            .is_some_and(|columns| columns.contains(column))
    }

    /// A change as it may be shown.
    pub fn change(&self, change: &mut Change) {
        if let Some(how) = &mut change.matched {
            *how = self.matched(how);
        }
        change
            .operations
            .iter_mut()
            .for_each(|operation| self.operation(operation));
        for tell in &mut change.tell {
            if tell.of.iter().any(|name| self.hides(name.as_str())) {
                tell.to.fill(HIDDEN.to_owned());
            }
        }
    }

    /// How an account was recognised, as it may be shown: by a hidden attribute, without its value.
    pub fn matched(&self, how: &str) -> String {
        match recognised_by(how) {
            Some(attribute) if self.hides(attribute) => recognised(attribute, HIDDEN),
            _ => how.to_owned(),
        }
    }

    /// An operation as it may be shown.
    pub fn operation(&self, operation: &mut Operation) {
        let touched = operation
            .action
            .told()
            .iter()
            .any(|values| self.hides(values.name.as_str()));
        if let Action::Notify { to, .. } = &mut operation.action
            && touched
        {
            // The address may be the hidden value.
            for address in to {
                HIDDEN.clone_into(address);
            }
        }
        if let Action::HomeFolder(folder) = &mut operation.action {
            if touched {
                // The path may be the hidden value.
                folder.hide(HIDDEN);
            }
            for AttributeValues { name, values } in &mut folder.with {
                self.values(name, values);
            }
        }
        match &mut operation.action {
            Action::CreateAccount { attributes, .. }
            | Action::Delete {
                stored: attributes, ..
            }
            | Action::CallWebhook { with: attributes, .. }
            | Action::RunScript { with: attributes, .. }
            | Action::Notify { with: attributes, .. } => {
                for AttributeValues { name, values } in attributes {
                    self.values(name, values);
                }
            }
            Action::ModifyAttributes { changes } => {
                for AttributeChange { name, before, after } in changes {
                    self.values(name, before);
                    self.values(name, after);
                }
            }
            Action::Move { .. }
            | Action::HomeFolder(_)
            | Action::AddToGroups { .. }
            | Action::RemoveFromGroups { .. }
            | Action::Enable
            | Action::Disable
            | Action::Directory(_)
            | Action::Cloud(_) => {}
        }
    }

    /// What became of an operation, as it may be shown: what was found instead may be a hidden value.
    pub fn outcome(&self, operation: &Operation, outcome: &mut Outcome) {
        let touches = match &operation.action {
            Action::ModifyAttributes { changes } => {
                changes.iter().any(|change| self.hides(change.name.as_str()))
            }
            Action::CreateAccount { attributes, .. } => {
                attributes.iter().any(|values| self.hides(values.name.as_str()))
            }
            action => action
                .told()
                .iter()
                .any(|values| self.hides(values.name.as_str())),
        };
        match outcome {
            Outcome::Overtaken { found } if touches => HIDDEN.clone_into(found),
            // An application may send back what it was sent.
            Outcome::Answered { answer, captured } if touches => {
                // What a script wrote comes after its exit code, and addresses after who sent to them.
                match (&operation.action, answer.split_once(": ")) {
                    (Action::Notify { .. }, _) => *answer = format!("sent to {HIDDEN}"),
                    (_, Some((code, _))) => *answer = format!("{code}: {HIDDEN}"),
                    _ => {}
                }
                for value in captured.values_mut() {
                    *value = HIDDEN.into();
                }
            }
            // Whoever says no may say to what.
            Outcome::Refused(refusal) | Outcome::Failed(refusal) if touches => {
                let values = self.hidden_values(operation);
                without(&mut refusal.message, &values);
                without(&mut refusal.hint, &values);
            }
            Outcome::InDoubt { what } if touches => without(what, &self.hidden_values(operation)),
            _ => {}
        }
    }

    /// The hidden values of an operation that is still whole, longer ones first.
    fn hidden_values<'o>(&self, operation: &'o Operation) -> Vec<&'o str> {
        let mut values: Vec<&str> = match &operation.action {
            Action::ModifyAttributes { changes } => changes
                .iter()
                .filter(|change| self.hides(change.name.as_str()))
                .flat_map(|change| change.before.iter().chain(&change.after))
                .map(String::as_str)
                .collect(),
            action => {
                let attributes = match action {
                    Action::CreateAccount { attributes, .. } => attributes,
                    action => action.told(),
                };
                let hidden = attributes
                    .iter()
                    .filter(|values| self.hides(values.name.as_str()));
                hidden
                    .flat_map(|values| &values.values)
                    .map(String::as_str)
                    .collect()
            }
        };
        values.retain(|value| !value.is_empty());
        values.sort_unstable_by_key(|value| std::cmp::Reverse(value.len()));
        values
    }

    fn values(&self, name: &AttributeName, values: &mut [String]) {
        if self.hides(name.as_str()) {
            for value in values {
                HIDDEN.clone_into(value);
            }
        }
    }
}

/// How an account was recognised that has the same value of an attribute, as links and plans keep it.
pub(crate) fn recognised(attribute: &str, value: &str) -> String {
    format!("same {attribute} `{value}`")
}

/// The attribute of which [`recognised`] speaks.
fn recognised_by(how: &str) -> Option<&str> {
    let (attribute, _) = how.strip_prefix("same ")?.split_once(" `")?;
    Some(attribute)
}

/// Takes values out of a text. One so short that it may stand there by chance takes all that is said with it.
fn without(text: &mut String, values: &[&str]) {
    const SHORT: usize = 3;
    for value in values {
        if !text.contains(value) {
            continue;
        }
        if value.chars().count() < SHORT {
            *text = match text.split_once(": ") {
                Some((first, _)) if !first.contains(value) => format!("{first}: {HIDDEN}"),
                _ => HIDDEN.to_owned(),
            };
            return;
        }
        *text = text.replace(value, HIDDEN);
    }
}

/// The columns of which hidden attributes are made, but no other attribute.
fn hidden_columns(source: &DataSource) -> BTreeSet<String> {
    let (mut hidden, mut shown) = (BTreeSet::new(), BTreeSet::new());
    for mapping in source.attributes.values() {
        let Ok(format) = column_or_format(mapping.from()) else {
            continue;
        };
        let columns = format.columns().map(|(name, _)| name.to_owned());
        if mapping.is_redacted() {
            hidden.extend(columns);
        } else {
            shown.extend(columns);
        }
    }
    hidden.retain(|column| !shown.contains(column));
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::load;
    use crate::outcome::Refusal;

    fn redaction() -> Redaction {
        let text = "
kind: data_source
name: people
application: hr
endpoints: [{ endpoint: users, primary_key: id }]
attributes:
  sn: last
  extensionAttribute1: { from: salary, redact: true }
  extensionAttribute2: { from: \"{{ last }}{{ bank.iban }}\", redact: true }
";
        let (documents, errors) = load(&[("hr.yaml".to_owned(), text.to_owned())]);
        assert!(errors.is_empty(), "{errors:?}");
        Redaction::of(&documents)
    }

    #[test]
    fn hidden_are_the_attributes_and_the_columns_that_only_they_are_made_of() {
        let redaction = redaction();
        assert!(redaction.hides("EXTENSIONATTRIBUTE1") && !redaction.hides("sn"));
        let columns = ["salary", "bank", "last", "id"].map(|column| redaction.hides_column("people", column));
        assert_eq!(columns, [true, true, false, false]);
        assert!(!redaction.hides_column("others", "salary"));
    }

    #[test]
    fn operations_and_outcomes_are_shown_without_hidden_values() {
        let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let mut operation = Operation {
            owed: None,
            action: Action::ModifyAttributes {
                changes: vec![
                    AttributeChange {
                        name: "extensionAttribute1".into(),
                        before: texts(&["100"]),
                        after: Vec::new(),
                    },
                    AttributeChange {
                        name: "sn".into(),
                        before: texts(&["a"]),
                        after: texts(&["b"]),
                    },
                ],
            },
            because: "mover".to_owned(),
        };
        let mut outcome = Outcome::Overtaken {
            found: "extensionAttribute1: 90".to_owned(),
        };
        let redaction = redaction();
        redaction.outcome(&operation, &mut outcome);
        redaction.operation(&mut operation);
        let shown = format!("{operation:?} {outcome:?}");
        assert!(!shown.contains("100") && !shown.contains("90"), "{shown}");
        assert!(shown.contains("\"b\""), "{shown}");
    }
    #[test]
    fn a_refusal_and_a_match_say_nothing_of_hidden_values() {
        let with = |name: &str, value: &str| AttributeValues {
            name: name.into(),
            values: vec![value.to_owned()],
        };
        let refused = |hidden: &str, message: &str| {
            let operation = Operation {
                owed: None,
                action: Action::CallWebhook {
                    application: "desk".to_owned(),
                    webhook: "create".to_owned(),
                    with: vec![with("extensionAttribute1", hidden), with("sn", "Byrne")],
                },
                because: "joiner".to_owned(),
            };
            let mut outcome = Outcome::Refused(Refusal {
                code: "422".to_owned(),
                message: message.to_owned(),
                hint: String::new(),
            });
            redaction().outcome(&operation, &mut outcome);
            match outcome {
                Outcome::Refused(refusal) => refusal.message,
                other => format!("{other:?}"),
            }
        };
        let said = "422 Unprocessable Entity: Byrne cannot have 48,000";
        assert_eq!(
            refused("48,000", said),
            "422 Unprocessable Entity: Byrne cannot have …"
        );
        assert_eq!(refused("48", said), "422 Unprocessable Entity: …");
        assert_eq!(refused("42", said), "…");
        assert_eq!(refused("nobody", said), said);

        let redaction = redaction();
        assert_eq!(
            redaction.matched(&recognised("extensionAttribute1", "48,000")),
            "same extensionAttribute1 `…`"
        );
        assert_eq!(redaction.matched(&recognised("sn", "Byrne")), "same sn `Byrne`");
        assert_eq!(redaction.matched("made by Tenure"), "made by Tenure");
    }
}
