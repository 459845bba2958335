//! A plan in words: each change as an entry of a change list, as people read it before they say yes.

use std::fmt;

use crate::action::{Action, AttributeChange, AttributeValues};

use super::change::{Change, Event, Finding};

impl Event {
    /// The sign that begins an entry of a change list.
    pub fn sign(self) -> char {
        match self {
            Self::Joiner => '+',
            Self::Mover => '~',
            Self::Leaver => '-',
            Self::Rehire => '^',
            Self::Match => '=',
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} {} ({})  {}: {}",
            self.event.sign(),
            self.name,
            self.person,
            self.event,
            self.reason
        )?;
        // A deleted account has a name only once it is back.
        if let Some(dn) = self.dn.as_ref().filter(|dn| !dn.as_str().is_empty()) {
            writeln!(f, "    account {dn}")?;
        }
        if let Some(how) = &self.matched {
            writeln!(f, "    recognised by {how}")?;
        }
        for operation in &self.operations {
            match &operation.action {
                Action::ModifyAttributes { changes } => {
                    for change in changes {
                        writeln!(f, "    change {change}")?;
                    }
                }
                Action::CreateAccount {
                    attributes, password, ..
                } => {
                    writeln!(f, "    {}  [{}]", operation.action.sentence(), operation.because)?;
                    for attribute in attributes {
                        writeln!(f, "        {attribute}")?;
                    }
                    if let Some(rule) = password {
                        writeln!(f, "        password: {rule}")?;
                    }
                }
                action => writeln!(f, "    {}  [{}]", action.sentence(), operation.because)?,
            }
        }
        for tell in self.tell.iter().filter(|tell| !tell.to.is_empty()) {
            writeln!(f, "    tell {} what was done", tell.to.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for AttributeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} -> {}",
            self.name,
            list(&self.before),
            list(&self.after)
        )
    }
}

impl fmt::Display for AttributeValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, list(&self.values))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.person {
            Some(person) => write!(f, "! {person}  {}: {}", self.kind.name(), self.text),
            None => write!(f, "! {}: {}", self.kind.name(), self.text),
        }
    }
}

fn list(values: &[String]) -> String {
    match values {
        [] => "(nothing)".to_owned(),
        values => values.join(", "),
    }
}
