//! An automation whose rules call webhooks of an entry of the catalog, as people join, change and leave: a table of
//! people, the built-in directory, and what the other side keeps.

use reqwest::Method;
use serde_json::{Value, json};

use super::trial::Trial;
use crate::corp;
use crate::home::wait_for;

/// The key of the one whom the tests are about.
pub const ADA: &str = "7";

/// The webhooks that the rules call; none where an entry has none.
#[derive(Clone, Copy)]
pub struct Called {
    pub join: Option<&'static str>,
    pub change: Option<&'static str>,
    pub leave: Option<&'static str>,
    pub come_back: Option<&'static str>,
}

/// The automation.
pub struct Staff<'t> {
    trial: &'t Trial,
    /// She, as the table has her.
    ada: Value,
    /// How many calls the other side has had.
    calls: Box<dyn Fn() -> u64 + 't>,
}

impl<'t> Staff<'t> {
    /// One person, Ada, and rules that call these webhooks. `id` is her id at the other side, where she is known there.
    pub fn new(trial: &'t Trial, called: Called, id: Option<&str>, calls: impl Fn() -> u64 + 't) -> Self {
        let step = |webhook: Option<&str>| {
            webhook.map_or_else(String::new, |webhook| {
                format!("\n    - call_webhook: {}/{webhook}", trial.name())
            })
        };
        let documents = format!(
            r#"kind: data_source
name: staff
file: {{ path: people.jsonl, primary_key: id }}
attributes:
  employeeID: id
  givenName: first
  sn: last
  displayName: "{{{{ first }}}} {{{{ last }}}}"
  mail: mail
  title: title
  department: department
  extensionAttribute1: there
lifecycle: {{ active: active }}
---
kind: template
name: staff
container: OU=Staff,DC=corp,DC=example
rdn: "{{{{ displayName }}}}"
unique: {{ sAMAccountName: "{{{{ givenName | lower }}}}.{{{{ sn | lower }}}}" }}
---
kind: automation
name: staff
source: staff
directory: corp
correlate: [employeeID]
rules:
  joiner:
    - create_account: {{ template: staff }}{}
  mover:
    - modify_attributes: all{}
  leaver:
    - disable: {{}}{}
  rehire:
    - enable: {{}}{}
guards: {{ disables: 100% }}
"#,
            step(called.join),
            step(called.change),
            step(called.leave),
            step(called.come_back),
        );
        trial.home().write("corp.yaml", corp::DIRECTORY);
        trial.home().write("staff.yaml", &documents);
        let checked = trial.home().run(&["check"]).with(0).out;
        assert!(checked.contains("0 errors, 0 warnings"), "{checked}");
        // Without a title and a department, as there are people.
        let ada = json!({
            "id": ADA, "first": "Ada", "last": "Quillfeather", "mail": "ada.quillfeather@partner.test", "active": true,
            "there": id,
        });
        Self {
            trial,
            ada,
            calls: Box::new(calls),
        }
    }

    /// Something is otherwise in the table.
    pub fn set(&mut self, column: &str, value: impl Into<Value>) {
        self.ada[column] = value.into();
    }

    /// Runs, which makes this many calls that all succeed; and once more, which makes none.
    pub fn run(&self, calls: u64) {
        self.trial
            .home()
            .write("people.jsonl", &format!("{}\n", self.ada));
        let before = (self.calls)();
        let ran = self.trial.home().run(&["run", "staff", "--yes"]).with(0);
        assert_eq!((self.calls)() - before, calls, "{}", ran.out);
        let ran = self.trial.home().run(&["run", "staff", "--yes"]).with(0);
        assert_eq!(
            (self.calls)() - before,
            calls,
            "the second run calls too: {}",
            ran.out
        );
    }

    /// What calls about Ada have captured.
    pub fn captured(&self, name: &str) -> String {
        let person = self.trial.home().json(0, &["person", ADA, "--json"]);
        match &person["accounts"][0]["calls"]["captured"][name] {
            Value::String(text) => text.clone(),
            Value::Null => panic!("`{name}` is not captured: {person}"),
            other => other.to_string(),
        }
    }

    /// Tries a webhook on Ada's account, which succeeds.
    pub fn test(&self, webhook: &str) -> Value {
        let arguments = [
            "webhook",
            "test",
            self.trial.name(),
            webhook,
            "--account",
            ADA,
            "--json",
        ];
        let ended = self.trial.home().run(&arguments);
        assert_eq!(ended.code, Some(0), "{webhook}: {ended:?}");
        ended.json()["tests"][0].clone()
    }
}

/// What the other side says of itself, by a way of its own.
pub struct Witness {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
}

impl Witness {
    /// For a service that wants one header.
    pub fn new(url: String, header: &'static str, value: &str) -> Self {
        Self {
            url,
            headers: vec![(header, value.to_owned())],
        }
    }

    /// The status and the body of an answer.
    pub fn ask(&self, path: &str) -> (u16, Value) {
        wait_for(async {
            drop(rustls::crypto::ring::default_provider().install_default());
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let mut request = client.request(Method::GET, format!("{}{path}", self.url));
            for (name, value) in &self.headers {
                request = request.header(*name, value);
            }
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            let text = answer.text().await.unwrap();
            (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
        })
    }

    /// What is there.
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(path);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The status of what may not be there.
    pub fn status(&self, path: &str) -> u16 {
        self.ask(path).0
    }
}

/// A token that a client gets for its secret.
pub fn token(url: &str, form: &[(&str, &str)]) -> String {
    wait_for(async {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.post(url).form(form).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    })
}
