//! What can be written on the command line. The texts here are what `--help` teaches.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tenure_store::RunId;

/// Keeps people's accounts true to their employment: fetches people, plans what their accounts should be, shows the
/// plan, and carries it out.
///
/// Exit codes: 0 done or nothing to do, 1 error, 2 changes are pending, 3 held by a guard.
#[derive(Debug, Parser)]
#[command(name = "tenure", version, max_term_width = 110)]
pub struct Arguments {
    #[command(flatten)]
    pub place: Place,
    #[command(subcommand)]
    pub command: Command,
}

/// Where documents and database are.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Folder with the documents (*.yaml) and, unless --database says otherwise, the database and its key.
    #[arg(
        long,
        global = true,
        env = "TENURE_HOME",
        default_value = ".",
        value_name = "FOLDER"
    )]
    pub home: PathBuf,
    /// Database: a path, `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/NAME`. By default tenure.db in the home folder.
    #[arg(
        long,
        global = true,
        env = "TENURE_DATABASE",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database: Option<String>,
    /// Environment variables that requests may name with `env('NAME')`, besides those that begin with `TENURE_VAR_`.
    #[arg(
        long,
        global = true,
        env = "TENURE_ALLOW_ENV",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    pub allow_env: Vec<String>,
    /// Folder from which scripts may be run. May be given several times; in `TENURE_SCRIPTS` folders are divided like in
    /// PATH. Without one no script is run, whatever documents say.
    #[arg(long = "allow-scripts", global = true, value_name = "FOLDER")]
    pub allow_scripts: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows the main job end to end on simulated people: first run, then a day of hires, moves and leavers.
    Demo(Demo),
    /// Lists the applications that Tenure knows, and makes documents from them.
    #[command(subcommand)]
    Catalog(Catalog),
    /// Checks documents and says everything that is wrong with them.
    Check {
        /// Files or folders; the home folder's documents when none is given.
        files: Vec<PathBuf>,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Prints the JSON Schema of a kind of document, for editors.
    Schema {
        /// The kind, for example `data_source`; without it the kinds are listed.
        kind: Option<String>,
    },
    /// Lists the functions that formats and conditions can call, each with an example.
    Functions {
        /// Only those with this in their name.
        name: Option<String>,
        /// Print the whole page of the documentation, with what they are called in other products.
        #[arg(long, conflicts_with = "name")]
        markdown: bool,
    },
    /// Shows what each kind of directory can do.
    Capabilities {
        /// Print the page of the documentation.
        #[arg(long)]
        markdown: bool,
    },
    /// Lists the macros: the names that stand for something in requests, where each can be used, and an example.
    Macros {
        /// Only those with this in their name, or that can be used there (`request`, `authorization`, `webhook`, …).
        name: Option<String>,
    },
    /// Fetches a data source and shows what comes and what the mapping makes of it. Nothing is planned.
    Fetch {
        /// The data source's name.
        source: String,
        /// How many people to show.
        #[arg(long, default_value_t = 3)]
        sample: usize,
        /// Do not fetch, but print the person with this key, as last fetched, as a fixture for `tenure test`.
        #[arg(long, value_name = "KEY", conflicts_with = "sample")]
        fixture: Option<String>,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Tries things before they are kept: an endpoint by one real call, or the mapping by fixtures.
    ///
    /// `tenure test APPLICATION ENDPOINT` makes the first call of an endpoint and shows the request (secrets hidden),
    /// the answer, whether more calls would follow, and every column found. Without arguments all documents of the
    /// kind `fixture` are tried, without any network; it ends with 1 when one differs.
    Test(Test),
    /// Makes a plan, stores it and shows it. Nothing is written to the directory.
    Plan {
        /// The automation's name.
        automation: String,
        /// Fetch everything, also where only what changed would be fetched.
        #[arg(long)]
        full: bool,
        #[command(flatten)]
        show: Show,
    },
    /// Makes a plan, shows it, asks, and carries it out. A run that was interrupted is finished first.
    Run {
        /// The automation's name.
        automation: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
        /// Fetch everything, also where only what changed would be fetched.
        #[arg(long)]
        full: bool,
        #[command(flatten)]
        show: Show,
    },
    /// Carries out a stored plan, or what is left of it after an interruption.
    Apply {
        /// The run's number.
        run: RunId,
        /// Overrule the guards that hold it.
        #[arg(long)]
        release: bool,
        /// Make calls again of which it is not known whether they were made, although that may do something twice.
        #[arg(long)]
        repeat_in_doubt: bool,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Gives up a plan that waits, or a run that was interrupted.
    Discard {
        /// The run's number.
        run: RunId,
    },
    /// Lists runs, newest first.
    Runs {
        /// Only of this automation.
        #[arg(long)]
        automation: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Shows a run: its plan, what became of it, and why it was held.
    Show {
        /// The run's number; the latest when none is given.
        run: Option<RunId>,
        #[command(flatten)]
        show: Show,
    },
    /// Shows what is known of one person: record, accounts, what was planned and done.
    Person {
        /// The person's key in the source, for example the employee number.
        key: String,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Prints the first password of an account that Tenure created.
    Password {
        /// The person's key in the source.
        key: String,
        /// Only in this directory.
        #[arg(long)]
        directory: Option<String>,
    },
    /// Forgets which account is a person's, for example after it was deleted by hand.
    Unlink {
        /// The person's key in the source.
        key: String,
        /// Only in this directory.
        #[arg(long)]
        directory: Option<String>,
    },
    /// Lists applications, with how their requests are let in and whether somebody has to agree.
    Applications {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lets somebody sign in with a browser and agree that Tenure may call an application that uses OAuth 2.0.
    Authorize {
        /// The application's name; without it such applications are listed, with whether they are authorized.
        application: Option<String>,
        /// For a browser on another machine: do not wait for it, but ask for the address that it ended at.
        #[arg(long, requires = "application")]
        paste: bool,
    },
    /// Serves a page that shows the applications, and lets people authorize them with their browsers.
    ///
    /// Vendors send browsers back to the page's address followed by /oauth/callback; register that with
    /// each vendor (it is shown at start and on the page). Documents are read anew for every page. /healthz says that
    /// the process is up, /readyz that its database answers. Ctrl-C or SIGTERM ends it after the requests in hand.
    ///
    /// On this machine, for one administrator:
    ///
    ///     tenure serve
    ///
    /// For others, behind a proxy that encrypts and asks people to sign in, because Tenure does neither:
    ///
    ///     tenure serve --public-url https://tenure.example.com
    #[command(verbatim_doc_comment)]
    Serve(Serve),
    /// Lists webhooks, tries them on chosen accounts, and settles calls that are in doubt.
    #[command(subcommand)]
    Webhook(Webhook),
    /// Tries scripts on chosen accounts.
    #[command(subcommand)]
    Script(Script),
    /// Tries notifications, and sends those about runs that could not be sent.
    #[command(subcommand)]
    Notify(Notify),
    /// Keeps and lists the secrets that documents refer to.
    #[command(subcommand)]
    Secret(Secret),
    /// Serves a simulated vendor API on this machine, to try a configuration without touching anything real.
    ///
    /// POST /_sim/day lets a day of hires, moves and leavers pass; POST /_sim/faults makes it misbehave.
    Simulate(Simulate),
}

/// Where it is served.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port to listen at; a free port when it is 0. Other machines can reach only what is not loopback, and
    /// --public-url has to be given then.
    #[arg(
        long,
        env = "TENURE_LISTEN",
        default_value = "127.0.0.1:8430",
        value_name = "ADDRESS:PORT"
    )]
    pub listen: SocketAddr,
    /// How browsers reach it, when not at that address: `https://HOST[:PORT]`, with nothing behind it. Requests for any
    /// other host are turned away.
    #[arg(long, env = "TENURE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

/// How much of a plan is shown, and how.
#[derive(Clone, Copy, Debug, Args)]
// The subcommand `show` makes a group of the same name.
#[group(skip)]
pub struct Show {
    /// Show every change and finding, not only the first ones.
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// How many changes and findings to show.
    #[arg(long, default_value_t = 25)]
    pub limit: u32,
    /// For machines: one JSON document with every change.
    #[arg(long)]
    pub json: bool,
}

/// What is tried.
#[derive(Debug, Args)]
pub struct Test {
    /// The application's name; without it fixtures are tried.
    #[arg(requires = "endpoint")]
    pub application: Option<String>,
    /// The endpoint's name.
    pub endpoint: Option<String>,
    /// The record (a JSON object) for which an endpoint with `for_each` is called, instead of the first one of the
    /// other endpoint.
    #[arg(long, requires = "endpoint", value_name = "JSON")]
    pub record: Option<String>,
    /// Only the fixture of this name.
    #[arg(long, conflicts_with = "application", value_name = "NAME")]
    pub fixture: Option<String>,
    /// Only the fixtures of this data source.
    #[arg(long, conflicts_with = "application", value_name = "NAME")]
    pub source: Option<String>,
    /// For machines.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// How many people are simulated.
    #[arg(long, default_value_t = 300)]
    pub people: usize,
    /// Other people for another number.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the demo's documents and database go. Replaced when an earlier demo made it.
    #[arg(long, default_value = "tenure-demo")]
    pub folder: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum Catalog {
    /// Lists all entries.
    List,
    /// Shows an entry: ways to authorize, settings, endpoints, webhooks, and the vendor's documentation.
    Show {
        /// The entry, for example `haloitsm`.
        name: String,
    },
    /// Prints ready documents, an application and a data source, and says what comes next.
    Use(Use),
}

/// What documents are made from.
#[derive(Debug, Args)]
pub struct Use {
    /// The entry, for example `haloitsm`.
    #[arg(value_name = "NAME")]
    pub preset: String,
    /// What the application is called; as the entry when it is not said.
    #[arg(long)]
    pub name: Option<String>,
    /// Fills a setting in; `tenure catalog show NAME` lists them.
    #[arg(long, value_name = "SETTING=VALUE")]
    pub set: Vec<String>,
    /// How requests are authorized; the first way of the entry when it is not said.
    #[arg(long, value_name = "WAY")]
    pub authorization: Option<String>,
    /// Asks the application for the settings that it says to whoever asks.
    #[arg(long)]
    pub discover: bool,
    /// Writes a new file instead of printing.
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// Lists the webhooks of all applications, or of one.
    List {
        /// The application's name.
        application: Option<String>,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Calls a webhook about chosen accounts, and shows each request as it was sent and what came back.
    Test(WebhookTest),
    /// Says of calls, scripts and messages in doubt whether they were made. Without --done or --repeat they are only listed.
    Settle {
        /// The person's key in the source.
        person: String,
        /// Only this one: `application/webhook`, `script NAME` or `notification NAME`.
        call: Option<String>,
        /// They were made.
        #[arg(long, conflicts_with = "repeat")]
        done: bool,
        /// They were not; the next run makes them.
        #[arg(long)]
        repeat: bool,
    },
}

#[derive(Debug, Args)]
pub struct WebhookTest {
    /// The application's name.
    pub application: String,
    /// The webhook's name.
    pub webhook: String,
    /// An account: its DN, its id, its person's key, or the value of an attribute (`mail=ada@example.com`). May be
    /// given several times.
    #[arg(long = "account", required = true, value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// The directory that the accounts are in, where that is not clear.
    #[arg(long)]
    pub directory: Option<String>,
    /// Show the request only; nothing is called.
    #[arg(long)]
    pub show_only: bool,
    /// For machines.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Script {
    /// Runs a script about chosen accounts, and shows what it got and what it left.
    Test {
        /// The script's name.
        name: String,
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Debug, Subcommand)]
pub enum Notify {
    /// Writes a notification about chosen accounts or about a run, shows it, and sends it to an address or channel of yours.
    Test {
        /// The notification's name; with `--run`, Tenure's own when not said.
        #[arg(required_unless_present = "run")]
        name: Option<String>,
        /// Where it is sent, instead of to whom it would go: an address, or `channel:NAME`. May be given several times.
        #[arg(long, required_unless_present = "show_only", value_name = "ADDRESS")]
        to: Vec<String>,
        /// About this run.
        #[arg(long, conflicts_with_all = ["accounts", "directory"])]
        run: Option<RunId>,
        /// About what the run did for the person with this key.
        #[arg(long, requires = "run", value_name = "KEY")]
        person: Option<String>,
        /// An account: its DN, its id, its person's key, or the value of an attribute (`mail=ada@example.com`). May be
        /// given several times.
        #[arg(long = "account", required_unless_present = "run", value_name = "ACCOUNT")]
        accounts: Vec<String>,
        /// The directory that the accounts are in, where that is not clear.
        #[arg(long)]
        directory: Option<String>,
        /// Only show it; nothing is done.
        #[arg(long)]
        show_only: bool,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Sends messages about runs that are owed or were refused.
    Send {
        /// Only those about this run.
        run: Option<RunId>,
        /// Also those of which it is not known whether they were sent.
        #[arg(long)]
        repeat_in_doubt: bool,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Gives up the messages about a run that were not sent.
    Drop {
        /// The run.
        run: RunId,
    },
}

/// On which accounts something is tried, and how.
#[derive(Debug, Args)]
pub struct Which {
    /// An account: its DN, its id, its person's key, or the value of an attribute (`mail=ada@example.com`). May be
    /// given several times.
    #[arg(long = "account", required = true, value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// The directory that the accounts are in, where that is not clear.
    #[arg(long)]
    pub directory: Option<String>,
    /// Only show it; nothing is done.
    #[arg(long)]
    pub show_only: bool,
    /// For machines.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Keeps a secret. It is asked for, or read from standard input.
    Set {
        /// What documents call it: {{ secret('NAME') }}.
        name: String,
    },
    /// Lists the names of all secrets.
    List,
    /// Forgets a secret.
    Delete {
        /// Its name.
        name: String,
    },
}

/// What is simulated.
#[derive(Debug, Args)]
pub struct Simulate {
    /// Whose API.
    #[arg(value_enum)]
    pub vendor: Vendor,
    /// How many people.
    #[arg(long, default_value_t = 300)]
    pub people: usize,
    /// The port; a free one when it is 0.
    #[arg(long, default_value_t = 8077)]
    pub port: u16,
    /// Other people for another number.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The API key, token or client secret that is accepted.
    #[arg(long, default_value = "simulated")]
    pub key: String,
}

/// The vendors that are simulated, all with the same people.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Vendor {
    /// JumpCloud's directory: `systemusers` and `usergroups`, by API key or OAuth 2.0.
    Jumpcloud,
    /// Atera: contacts and customers, by API key or bearer token.
    Atera,
    /// HaloITSM: users, by OAuth 2.0 with a login page or client credentials.
    Haloitsm,
    /// Remote: employments, by token or OAuth 2.0.
    Remote,
    /// Microsoft Graph: users and groups, by OAuth 2.0.
    Graph,
}
