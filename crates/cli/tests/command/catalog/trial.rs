//! A home with what the catalog gives, and what comes when it is used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tenure_core::document::Preset;
use tenure_sim::population::Person;

use super::browser;
use crate::home::Home;

/// A home with one entry of the catalog in use.
pub struct Trial {
    home: Home,
    name: &'static str,
}

impl Trial {
    /// Uses an entry with these settings, by this way or the first. What is written passes `tenure check` without a
    /// word.
    pub fn new(name: &'static str, way: Option<&str>, settings: &[(&str, &str)]) -> Self {
        let home = Home::new(&[]);
        let said = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut arguments = vec!["catalog".to_owned(), "use".to_owned(), name.to_owned()];
        arguments.extend(["--write".to_owned(), "used.yaml".to_owned()]);
        if let Some(way) = way {
            arguments.extend(["--authorization".to_owned(), way.to_owned()]);
        }
        // Whoever can be asked for settings is asked.
        let asked = Preset::find(name).unwrap().discovery(&said).unwrap();
        arguments.extend(asked.map(|_| "--discover".to_owned()));
        for (setting, value) in settings {
            arguments.extend(["--set".to_owned(), format!("{setting}={value}")]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        home.run(&arguments).with(0);
        let checked = home.run(&["check"]).with(0).out;
        assert!(checked.contains("0 errors, 0 warnings"), "{name}: {checked}");
        Self { home, name }
    }

    /// Keeps a secret.
    pub fn secret(self, name: &str, value: &str) -> Self {
        self.home.secret(name, value);
        self
    }

    /// Lets somebody sign in and agree.
    pub fn sign_in(self, name: &str, password: &str) -> Self {
        browser::authorize(&self.home, self.name, name, password);
        self
    }

    /// What the application is called.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The home folder.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// What the sample makes of everybody, by their keys.
    pub fn people(&self) -> BTreeMap<String, Value> {
        self.fetched(&format!("{}-people", self.name))
    }

    /// The keys of all that an endpoint brings.
    pub fn keys(&self, endpoint: &str, key: &str) -> BTreeSet<String> {
        let name = format!("all-{endpoint}");
        let document = format!(
            "kind: data_source\nname: {name}\napplication: {}\n\
             endpoints: [{{ endpoint: {endpoint}, primary_key: \"{key}\" }}]\nattributes: {{ description: \"{key}\" }}\n",
            self.name
        );
        self.home.write(&format!("{name}.yaml"), &document);
        self.fetched(&name).into_keys().collect()
    }

    fn fetched(&self, source: &str) -> BTreeMap<String, Value> {
        let fetched = self.home.run(&["fetch", source, "--sample", "100000", "--json"]);
        let fetched = fetched.with(0).json();
        assert_eq!(fetched["findings"], serde_json::json!([]), "{source}");
        let sample = fetched["sample"].as_array().unwrap();
        assert_eq!(fetched["people"], sample.len(), "{source}");
        let person = |person: &Value| {
            (
                person["key"].as_str().unwrap().to_owned(),
                person["attributes"].clone(),
            )
        };
        sample.iter().map(person).collect()
    }
}

/// Whether attributes are those of the people with these keys: the same names, addresses and titles, and an account's
/// most needed attributes for nearly everybody.
pub fn assert_sensible<'p>(
    people: &BTreeMap<String, Value>,
    expected: impl Iterator<Item = (String, Person<'p>)>,
) {
    let text = |attributes: &Value, name: &str| attributes[name][0].as_str().map(str::to_owned);
    let expected: BTreeMap<String, Person<'_>> = expected.collect();
    assert!(people.keys().eq(expected.keys()), "{:?}", people.keys());
    let mut whole = 0;
    for (key, person) in &expected {
        let attributes = &people[key];
        if let Some(given) = person.given() {
            assert_eq!(
                text(attributes, "givenName").as_deref(),
                Some(given.trim()),
                "{attributes}"
            );
        }
        for (name, value) in [
            ("mail", Some(person.email())),
            ("title", person.job_title().map(str::to_owned)),
        ] {
            if let Some(found) = text(attributes, name) {
                assert_eq!(Some(found), value, "{attributes}");
            }
        }
        let needed = ["givenName", "sn", "displayName", "mail"];
        whole += usize::from(needed.iter().all(|name| text(attributes, name).is_some()));
    }
    assert!(
        whole * 10 >= expected.len() * 9,
        "only {whole} of {} have all",
        expected.len()
    );
}
