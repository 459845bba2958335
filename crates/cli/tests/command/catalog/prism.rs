//! The vendors' own OpenAPI descriptions between the entries of the catalog and the simulators: neither side says
//! anything that they do not allow. The descriptions are not part of Tenure; the environment variable `TENURE_OPENAPI`
//! names the folder where they are.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use tenure_lab::{LabError, Prism, ReservedPort};
use tenure_sim::{Graph, GraphOptions, JumpCloud, JumpCloudOptions, Population, Remote, RemoteOptions};
use tokio::runtime::Runtime;

use super::staff::Witness;
use super::trial::Trial;
use super::webhooks;

/// The variable with the folder of the descriptions.
const FOLDER: &str = "TENURE_OPENAPI";
const PEOPLE: usize = 130;

/// A description with its paths as they are called: Prism takes no notice of what stands before them in addresses.
struct Description {
    folder: TempDir,
    name: &'static str,
}

impl Description {
    /// None, with a word about it, where there are no descriptions.
    fn read(name: &'static str, before: &str) -> Option<Self> {
        let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
            eprintln!(
                "LEFT OUT: {FOLDER} names no folder with the vendors' OpenAPI descriptions, so {name} was not checked"
            );
            return None;
        };
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let text = if Path::new(name).extension().is_some_and(|end| end == "json") {
            with_paths_of_json(&text, before)
        } else {
            with_paths_of_yaml(&text, before)
        };
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        Some(Self { folder, name })
    }

    /// Stands between; none, with a word about it, where Node.js is not installed.
    fn between(&self, server: &str, port: ReservedPort) -> Option<Prism> {
        match Prism::proxy(&self.folder.path().join(self.name), server, port) {
            Ok(prism) => Some(prism),
            Err(LabError::Missing { program, package }) => {
                eprintln!(
                    "LEFT OUT: `{program}` is not installed (Debian package `{package}`), which Prism needs"
                );
                None
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn with_paths_of_json(text: &str, before: &str) -> String {
    let mut description: Value = serde_json::from_str(text).unwrap();
    let whole = description.as_object_mut().unwrap();
    whole.remove("basePath");
    // What Remote's description allows either an offboarding by resignation or one by termination to have, it forbids
    // again around both: no object at all fits.
    let around = whole
        .get_mut("components")
        .and_then(|components| components.pointer_mut("/schemas/ResignationOrTerminationOffboarding"));
    if let Some(Value::Object(around)) = around {
        around.remove("additionalProperties");
    }
    let Some(Value::Object(paths)) = whole.remove("paths") else {
        panic!("no paths")
    };
    let paths = paths
        .into_iter()
        .map(|(path, operations)| (format!("{before}{path}"), operations));
    whole.insert("paths".to_owned(), paths.collect());
    description.to_string()
}

/// In the YAML only paths are keys of the second level that begin with a slash.
fn with_paths_of_yaml(text: &str, before: &str) -> String {
    // This description of Graph is older than the property, which stands beside this one in what can be selected.
    let newer = |line: &str| line.replace("employeeHireDate", "employeeLeaveDateTime");
    // What an action gives is a member `value` of an object (OData 4.01, JSON format, section 11), and not bare.
    let bare = "              schema:\n                type: boolean\n                default: false\n                nullable: true\n";
    let text = text.replace(bare, "              schema:\n                type: object\n");
    let line = |line: &str| match line.strip_prefix("  /") {
        Some(path) => format!("  {before}/{path}\n"),
        None if line.trim() == "- employeeHireDate" => format!("{line}\n{}\n", newer(line)),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn jumpcloud_by_its_own_descriptions() {
    let (Some(first), Some(second)) = (
        Description::read("jumpcloud-v1.json", "/api"),
        Description::read("jumpcloud-v2.json", "/api/v2"),
    ) else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let options = JumpCloudOptions::new(Population::generate(PEOPLE, 3), "the-key");
    let sim = runtime.block_on(JumpCloud::start(options)).unwrap();
    let asked = sim.requests();
    let Some(prism) = first.between(&sim.url(), ReservedPort::reserve().unwrap()) else {
        return;
    };
    let trial = Trial::new("jumpcloud", None, &[("url", &prism.url())]).secret("jumpcloud", "the-key");
    assert_eq!(trial.people().len(), PEOPLE);
    assert_eq!(trial.keys("users", "_id").len(), PEOPLE);
    assert_eq!(trial.keys("users-search", "_id").len(), PEOPLE);
    let witness = Witness::new(sim.url(), "x-api-key", "the-key");
    webhooks::jumpcloud_is_followed(&prism.url(), &witness, || sim.requests());
    let Some(prism) = second.between(&sim.url(), ReservedPort::reserve().unwrap()) else {
        return;
    };
    let trial = Trial::new("jumpcloud", None, &[("url", &prism.url())]).secret("jumpcloud", "the-key");
    assert!(trial.keys("groups", "id").len() > 5);
    assert!(trial.keys("group-members", "{{ group }}/{{ to.id }}").len() > PEOPLE);
    assert!(sim.requests() > asked, "Prism asked nobody");
}

#[test]
fn remote_by_its_own_description() {
    let Some(description) = Description::read("remote.json", "") else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let options = RemoteOptions::new(Population::generate(PEOPLE, 3), "ra_live_token");
    let sim = runtime.block_on(Remote::start(options)).unwrap();
    let Some(prism) = description.between(&sim.url(), ReservedPort::reserve().unwrap()) else {
        return;
    };
    // By the company's token: the description wants token requests in JSON, and the service takes forms, as its own
    // clients send them (RFC 6749, section 4.4.2).
    let url = prism.url();
    let settings = [("url", url.as_str()), ("calls_per_minute", "60000")];
    let trial = Trial::new("remote", Some("token"), &settings).secret("remote", "ra_live_token");
    assert_eq!(trial.people().len(), PEOPLE);
    assert_eq!(trial.keys("employments", "id").len(), PEOPLE);
    assert_eq!(trial.keys("employment-details", "id").len(), PEOPLE);
    assert_eq!(trial.keys("companies", "id").len(), 1);
    assert!(trial.keys("departments", "id").len() > 3);
    assert!(!trial.keys("offboardings", "id").is_empty());
    let witness = Witness::new(sim.url(), "authorization", "Bearer ra_live_token");
    webhooks::remote_is_followed(&url, &sim.employment_id(1), &witness, || sim.requests());
}

#[test]
fn graph_by_microsofts_description() {
    let Some(description) = Description::read("msgraph-plus.yaml", "/v1.0") else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let port = ReservedPort::reserve().unwrap();
    // Links lead through the proxy too, from one page to the next.
    let options = GraphOptions {
        public_url: Some(format!("http://127.0.0.1:{}", port.number())),
        ..GraphOptions::new(
            Population::generate(1_100, 3),
            "northwind.test",
            "client",
            "secret",
        )
    };
    let sim = runtime.block_on(Graph::start(options)).unwrap();
    let Some(prism) = description.between(&sim.url(), port) else {
        return;
    };
    let (url, login) = (prism.url(), sim.url());
    let settings = [
        ("url", url.as_str()),
        ("login_url", login.as_str()),
        ("tenant", "northwind.test"),
        ("client_id", "client"),
    ];
    let trial = Trial::new("entra-id", None, &settings).secret("entra-id", "secret");
    assert_eq!(trial.people().len(), 1_100);
    assert!(trial.keys("groups", "id").len() > 5);
    assert!(trial.keys("group-members", "{{ group }}/{{ id }}").len() > 1_100);
    webhooks::graph_is_followed(&url, &login, || sim.requests());
}
