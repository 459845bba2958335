//! `tenure demo`: the main job from end to end on simulated people, in a folder that can be looked at afterwards.

use std::path::Path;

use jiff::Timestamp;
use tenure_core::document::Documents;
use tenure_core::fetching::Wish;
use tenure_core::secret::Secret;
use tenure_engine::Engine;
use tenure_sim::population::Event;
use tenure_sim::{JumpCloud, JumpCloudOptions, Population};
use tenure_store::{Run, RunState};

use crate::arguments::{Demo, Place, Show};
use crate::exit::Exit;
use crate::home::Home;
use crate::output::style::Style;

use super::plan::make;
use super::run::carry_out;
use super::runs::{show_result, show_run};

const JUMPCLOUD: &str = include_str!("../../../../examples/demo/jumpcloud.yaml");
const CORP: &str = include_str!("../../../../examples/demo/corp.yaml");
/// What the example says, and the simulator takes the place of.
const REAL: &str = "https://console.jumpcloud.com";
const AUTOMATION: &str = "corp-from-jumpcloud";
/// Tells a folder that a demo made from one that holds somebody's work.
const MARK: &str = ".tenure-demo";
const KEY: &str = "simulated";
/// How much of the first plan is shown, and of the plan of a day.
const FEW: Show = Show {
    all: false,
    limit: 3,
    json: false,
};
const MANY: Show = Show {
    all: false,
    limit: 12,
    json: false,
};

pub async fn demo(demo: Demo) -> super::Result {
    let style = Style::stdout();
    let population = Population::generate(demo.people, demo.seed);
    let options = JumpCloudOptions::new(population, KEY);
    let jumpcloud = JumpCloud::start(options).await?;
    prepare(&demo.folder, &jumpcloud.url())?;
    let home = Home::new(Place {
        home: demo.folder.clone(),
        database: None,
        allow_env: Vec::new(),
        allow_scripts: Vec::new(),
    });
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let key = engine.vault().seal("jumpcloud", &Secret::new(KEY.to_owned()))?;
    engine.vault().save(&[key], Timestamp::now()).await?;

    heading(
        &format!("{} people in a simulated JumpCloud, no account yet", demo.people),
        style,
    );
    let first = plan_and_carry_out(engine, &documents, FEW).await?;

    heading("A day goes by", style);
    for event in jumpcloud.day(demo.seed) {
        println!("  {}", sentence(&event));
    }
    println!();
    let second = plan_and_carry_out(engine, &documents, MANY).await?;

    heading("Nothing happened since", style);
    let third = make(engine, &documents, AUTOMATION, Wish::AsDocumented).await?;
    show_run(engine, &third, FEW).await?;
    jumpcloud.stop().await?;

    heading("A closer look", style);
    let folder = demo.folder.display();
    println!("  tenure --home {folder} runs               these three runs");
    println!(
        "  tenure --home {folder} show {} --all       every change of the day, and what became of it",
        second.id
    );
    println!(
        "  tenure --home {folder} person {}   one of those who were created",
        someone(engine, &first).await?
    );
    println!(
        "  tenure --home {folder} check              the documents in {folder}/*.yaml, which say all this"
    );
    println!("  tenure simulate jumpcloud               a simulated JumpCloud to try your own documents on");
    home.close().await;
    let as_it_should = [&first, &second, &third]
        .iter()
        .all(|run| run.state == RunState::Done);
    Ok(if as_it_should { Exit::Done } else { Exit::Failed })
}

fn heading(text: &str, style: Style) {
    println!("\n{}\n", style.bold(format!("== {text}")));
}

/// An empty folder with the demo's documents, which read from the simulator.
fn prepare(folder: &Path, simulator: &str) -> super::Result<()> {
    let mark = folder.join(MARK);
    let holds_something = folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some());
    if holds_something {
        if !mark.exists() {
            let text = "exists already and was not made by an earlier demo; choose another with --folder";
            return Err(format!("{} {text}", folder.display()).into());
        }
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(
        mark,
        "Made by `tenure demo`, which replaces this folder when it runs again.\n",
    )?;
    std::fs::write(folder.join("jumpcloud.yaml"), JUMPCLOUD.replace(REAL, simulator))?;
    std::fs::write(folder.join("corp.yaml"), CORP)?;
    Ok(())
}

async fn plan_and_carry_out(engine: &Engine, documents: &Documents, show: Show) -> super::Result<Run> {
    let planned = make(engine, documents, AUTOMATION, Wish::AsDocumented).await?;
    show_run(engine, &planned, show).await?;
    if planned.state != RunState::Planned {
        return Ok(planned);
    }
    let done = carry_out(engine, documents, planned.id, super::run::HOW).await?;
    show_result(engine, &done, false).await?;
    Ok(done)
}

/// What happened, in words.
fn sentence(event: &Event) -> String {
    let number = event
        .employee_identifier
        .as_deref()
        .unwrap_or("no employee number");
    let changes: Vec<String> = event
        .changes
        .iter()
        .filter(|change| change.attribute != "attributes")
        .map(|change| {
            let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            format!(
                "{}: {} → {}",
                change.attribute,
                side(&change.before),
                side(&change.after)
            )
        })
        .collect();
    let what = event.kind.name();
    match event.kind {
        tenure_sim::population::EventKind::Hire | tenure_sim::population::EventKind::Remove => {
            format!("{what:<10}{} ({number})", event.name)
        }
        _ => format!("{what:<10}{} ({number}): {}", event.name, changes.join(", ")),
    }
}

/// The key of somebody in a run.
async fn someone(engine: &Engine, run: &Run) -> super::Result<String> {
    let changes = engine.store().changes(run.id, None, 1).await?;
    Ok(changes
        .first()
        .map_or_else(|| "KEY".to_owned(), |(_, change)| change.person.to_string()))
}
