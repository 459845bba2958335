//! Filling settings in: what stands for `${name}` in the texts of a preset.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::super::complaint::shortened;
use super::super::error::{listed, one_of};
use super::super::tree::{Node, Position, ScalarKind, Value};
use super::{Need, Setting, SettingForm};

/// Defaults name other settings, but not in a chain that is longer than this.
const DEEPEST: usize = 8;

/// A setting as an administrator says it.
#[derive(Clone, Debug)]
pub(in super::super) struct Given {
    pub name: String,
    pub value: String,
    pub at: Position,
}

/// Something wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct SettingProblem {
    /// Which one.
    pub name: String,
    /// Where it is said; none when it is not.
    pub at: Option<Position>,
    pub found: String,
    pub hint: String,
}

/// What the settings are, what is named by the texts filled so far, and what is missing for them.
pub(in super::super) struct Values<'p> {
    settings: &'p BTreeMap<String, Setting>,
    given: &'p [Given],
    named: BTreeSet<String>,
    missing: BTreeSet<String>,
}

/// What a text is with its settings filled in.
enum Filled {
    Text(String),
    /// It names a setting that may be left out, and is.
    LeftOut,
}

impl<'p> Values<'p> {
    pub fn new(settings: &'p BTreeMap<String, Setting>, given: &'p [Given]) -> Self {
        Self {
            settings,
            given,
            named: BTreeSet::new(),
            missing: BTreeSet::new(),
        }
    }

    /// Fills the texts of a tree. What names a setting that may be left out, and is, is taken out of the tree.
    pub fn put(&mut self, node: &mut Node) {
        let mut kept = |node: &mut Node| match self.fill_node(node) {
            Filled::Text(_) => true,
            Filled::LeftOut => false,
        };
        match &mut node.value {
            Value::List(items) => items.retain_mut(&mut kept),
            Value::Map(entries) => entries.retain_mut(|entry| kept(&mut entry.value)),
            Value::Scalar(_) | Value::Removed | Value::StandIn => {
                kept(node);
            }
        }
    }

    fn fill_node(&mut self, node: &mut Node) -> Filled {
        let Value::Scalar(scalar) = &mut node.value else {
            self.put(node);
            return Filled::Text(String::new());
        };
        if !scalar.text.contains("${") {
            return Filled::Text(String::new());
        }
        let whole =
            placeholder(&scalar.text).is_some_and(|(before, _, after)| before.is_empty() && after.is_empty());
        let filled = self.fill(&scalar.text, DEEPEST);
        if let Filled::Text(text) = &filled {
            scalar.text.clone_from(text);
            if whole {
                scalar.kind = ScalarKind::of_plain(text);
            }
        }
        filled
    }

    fn fill(&mut self, text: &str, depth: usize) -> Filled {
        let Some((before, name, after)) = placeholder(text) else {
            return Filled::Text(text.to_owned());
        };
        self.named.insert(name.to_owned());
        let value = match self.value(name, depth) {
            Some(value) => value,
            None if self
                .settings
                .get(name)
                .is_some_and(|setting| setting.need == Need::Optional) =>
            {
                return Filled::LeftOut;
            }
            None => {
                self.missing.insert(name.to_owned());
                String::new()
            }
        };
        match self.fill(after, depth) {
            Filled::Text(after) => Filled::Text(format!("{before}{value}{after}")),
            Filled::LeftOut => Filled::LeftOut,
        }
    }

    fn value(&mut self, name: &str, depth: usize) -> Option<String> {
        let given = self.given.iter().find(|given| given.name == name);
        let form = self.settings.get(name)?.form;
        if let Some(given) = given {
            let value = given.value.trim();
            return Some(match form {
                SettingForm::Url => value.trim_end_matches('/').to_owned(),
                _ => value.to_owned(),
            });
        }
        let settings = self.settings;
        let depth = depth.checked_sub(1)?;
        for default in settings.get(name)?.defaults() {
            let before = (self.named.clone(), self.missing.clone());
            match self.fill(default, depth) {
                Filled::Text(text) => return Some(text),
                Filled::LeftOut => (self.named, self.missing) = before,
            }
        }
        None
    }

    /// Settings that what was filled needs, and that nobody says.
    pub fn missing(&self) -> BTreeSet<String> {
        self.missing.clone()
    }

    /// What a setting is, where it was named so far.
    pub fn named(&mut self) -> Vec<(String, String)> {
        let names: Vec<String> = self.named.iter().cloned().collect();
        names
            .into_iter()
            .filter_map(|name| Some((name.clone(), self.value(&name, DEEPEST)?)))
            .collect()
    }

    /// Everything that is wrong with the settings, after the texts were filled.
    pub fn problems(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        for given in self.given {
            let problem = |found, hint| SettingProblem {
                name: given.name.clone(),
                at: Some(given.at),
                found,
                hint,
            };
            let Some(setting) = self.settings.get(&given.name) else {
                let known: Vec<&str> = self.settings.keys().map(String::as_str).collect();
                let hint = if known.is_empty() {
                    "leave it out; this preset has no settings".to_owned()
                } else {
                    one_of(&given.name, known)
                };
                problems.push(problem(
                    format!("`{}`, which is no setting of this preset", given.name),
                    hint,
                ));
                continue;
            };
            if let Err(right) = fits(&given.value, setting.form) {
                let found = format!("`{}` as `{}`", shortened(&given.value).escape_debug(), given.name);
                let example = setting.example.as_ref().or(setting.defaults().first());
                let like = match example.filter(|example| !example.contains("${")) {
                    Some(example) => format!(", for example `{example}`"),
                    None => String::new(),
                };
                problems.push(problem(found, format!("write {right}{like}")));
            }
        }
        for name in &self.missing {
            let setting = self.settings.get(name);
            let what = setting.map_or("", |setting| setting.description.as_str());
            problems.push(SettingProblem {
                name: name.clone(),
                at: None,
                found: format!("no setting `{name}`"),
                hint: what.to_owned(),
            });
        }
        problems
    }
}

/// The first setting that a text names, with what stands before and after.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// The names of the settings that the texts of a tree name.
pub(super) fn named(node: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(node, &mut names);
    names
}

fn collect(node: &Node, names: &mut BTreeSet<String>) {
    match &node.value {
        Value::Scalar(scalar) => {
            let mut rest = scalar.text.as_str();
            while let Some((_, name, after)) = placeholder(rest) {
                names.insert(name.to_owned());
                rest = after;
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Map(entries) => entries.iter().for_each(|entry| collect(&entry.value, names)),
        Value::Removed | Value::StandIn => {}
    }
}

/// Whether a value has its form; the error says what would be right.
fn fits(value: &str, form: SettingForm) -> Result<(), String> {
    let value = value.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let (right, fits) = match form {
        SettingForm::Text => (
            "a text of one line",
            !value.is_empty() && !value.contains(char::is_control),
        ),
        SettingForm::Word => (
            "letters, digits, hyphens and points",
            !value.is_empty() && value.chars().all(plain),
        ),
        SettingForm::Url => ("an address that begins with `https://`", is_beginning(value)),
        SettingForm::Number => (
            "a whole number from 1 on",
            value.parse::<u32>().is_ok_and(|number| number > 0),
        ),
        SettingForm::Secret => (
            "the name of a secret: letters, digits, hyphens, points, underscores and slashes",
            !value.is_empty() && value.chars().all(|c| plain(c) || c == '/'),
        ),
    };
    if fits { Ok(()) } else { Err(right.to_owned()) }
}

/// Whether paths can be added to an address.
fn is_beginning(text: &str) -> bool {
    !text.contains("{{")
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "https" | "http")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
        })
}

impl SettingProblem {
    /// What is missing, as an application's document would say it.
    pub fn in_document(&self, settings: &BTreeMap<String, Setting>) -> String {
        if self.at.is_some() {
            return self.hint.clone();
        }
        let setting = settings.get(&self.name);
        let example = setting
            .and_then(|setting| setting.example.as_deref())
            .unwrap_or("…");
        let add = listed([format!("settings: {{ {}: {example} }}", self.name).as_str()]);
        format!("add {add}: {}", lower_first(&self.hint))
    }
}

/// A sentence as the end of another.
pub(super) fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let second_is_lower = sentence.chars().nth(1).is_some_and(|c| !c.is_uppercase());
    match letters.next() {
        Some(first) if second_is_lower => first.to_lowercase().chain(letters).collect(),
        _ => sentence.to_owned(),
    }
    .trim_end_matches('.')
    .to_owned()
}
