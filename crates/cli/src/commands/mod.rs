//! One file per command, each thin: parse, call the engine, present.

mod applications;
mod authorize;
mod capabilities;
mod catalog;
mod check;
mod demo;
mod fetch;
mod functions;
mod macros;
mod notify;
mod person;
mod plan;
mod run;
mod runs;
mod schema;
mod secret;
mod serve;
mod simulate;
mod test;
mod tried;
mod webhook;

use tenure_core::fetching::Wish;

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;
use crate::home::Home;

/// Any error a command can end with; only its text matters here.
type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T = Exit> = std::result::Result<T, Error>;

/// Carries out what the command line says.
pub async fn run(arguments: Arguments) -> Exit {
    let Arguments { place, command } = arguments;
    let home = Home::new(place);
    let result = match command {
        Command::Demo(demo) => demo::demo(demo).await,
        Command::Catalog(catalog) => catalog::catalog(catalog).await,
        Command::Check { files, json } => check::check(&home, &files, json),
        Command::Schema { kind } => schema::schema(kind.as_deref()),
        Command::Functions { markdown: true, .. } => Ok(functions::page()),
        Command::Functions { name, .. } => functions::functions(name.as_deref()),
        Command::Capabilities { markdown: true } => Ok(capabilities::page()),
        Command::Capabilities { markdown: false } => Ok(capabilities::capabilities()),
        Command::Macros { name } => macros::macros(name.as_deref()),
        Command::Fetch {
            source,
            fixture: Some(key),
            json,
            ..
        } => fetch::fixture(&home, &source, &key, json).await,
        Command::Fetch {
            source, sample, json, ..
        } => fetch::fetch(&home, &source, sample, json).await,
        Command::Test(test) => test::test(&home, &test).await,
        Command::Plan {
            automation,
            full,
            show,
        } => plan::plan(&home, &automation, wish(full), show).await,
        Command::Run {
            automation,
            yes,
            full,
            show,
        } => run::run(&home, &automation, wish(full), yes, show).await,
        Command::Apply {
            run,
            release,
            repeat_in_doubt,
            json,
        } => {
            let how = run::how(release, repeat_in_doubt);
            run::apply(&home, run, how, json).await
        }
        Command::Discard { run } => runs::discard(&home, run).await,
        Command::Runs {
            automation,
            limit,
            json,
        } => runs::runs(&home, automation.as_deref(), limit, json).await,
        Command::Show { run, show } => runs::show(&home, run, show).await,
        Command::Person { key, json } => person::person(&home, &key, json).await,
        Command::Password { key, directory } => person::password(&home, &key, directory.as_deref()).await,
        Command::Unlink { key, directory } => person::unlink(&home, &key, directory.as_deref()).await,
        Command::Applications { json } => applications::applications(&home, json).await,
        Command::Authorize { application, paste } => {
            authorize::authorize(&home, application.as_deref(), paste).await
        }
        Command::Serve(serve) => serve::serve(&home, &serve).await,
        Command::Script(script) => tried::script(&home, &script).await,
        Command::Notify(notify) => notify::notify(&home, &notify).await,
        Command::Webhook(webhook) => webhook::webhook(&home, webhook).await,
        Command::Secret(secret) => secret::secret(&home, secret).await,
        Command::Simulate(simulate) => simulate::simulate(simulate).await,
    };
    home.close().await;
    result.unwrap_or_else(|error| Exit::failed(&error))
}

/// How much is fetched, by `--full`.
fn wish(full: bool) -> Wish {
    if full {
        Wish::Everything
    } else {
        Wish::AsDocumented
    }
}

/// Who runs this command, for the history.
fn user() -> String {
    let name = ["USER", "USERNAME", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "the command line".to_owned())
}
