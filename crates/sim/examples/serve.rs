//! Serves one of the vendors until it is told to stop: `cargo run -p tenure-sim --example serve -- remote 4010 200`.
//!
//! The arguments are the vendor, the port and the number of people. Every secret is `secret`; Remote's token is
//! `ra_live_secret`.

use std::{env, process::ExitCode};

use tenure_sim::{
    Atera, AteraOptions, Graph, GraphOptions, HaloItsm, HaloItsmOptions, JumpCloud, JumpCloudOptions,
    Population, Remote, RemoteOptions, SimError,
};
use tokio::signal::ctrl_c;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse().ok());
    let vendor = arguments.first().map_or("", String::as_str);
    match serve(vendor, number(1).unwrap_or(0), number(2).unwrap_or(1000).into()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(vendor: &str, port: u16, people: usize) -> Result<(), SimError> {
    let population = Population::generate(people, 1);
    let stopped = async { drop(ctrl_c().await) };
    match vendor {
        "jumpcloud" => {
            let mut options = JumpCloudOptions::new(population, "secret");
            options.port = port;
            let sim = JumpCloud::start(options).await?;
            println!("{}", sim.url());
            sim.serve_until(stopped).await
        }
        "atera" => {
            let mut options = AteraOptions::new(population, "secret");
            options.port = port;
            let sim = Atera::start(options).await?;
            println!("{}", sim.url());
            sim.serve_until(stopped).await
        }
        "haloitsm" => {
            let mut options = HaloItsmOptions::new(population, "client", "secret");
            options.port = port;
            let sim = HaloItsm::start(options).await?;
            println!("{}", sim.url());
            sim.serve_until(stopped).await
        }
        "remote" => {
            let mut options = RemoteOptions::new(population, "ra_live_secret");
            options.port = port;
            let sim = Remote::start(options).await?;
            println!("{}", sim.url());
            sim.serve_until(stopped).await
        }
        "graph" => {
            let mut options = GraphOptions::new(population, "tenant", "client", "secret");
            options.port = port;
            let sim = Graph::start(options).await?;
            println!("{}", sim.url());
            sim.serve_until(stopped).await
        }
        other => {
            eprintln!("There is no vendor `{other}`: jumpcloud, atera, haloitsm, remote or graph.");
            Ok(())
        }
    }
}
