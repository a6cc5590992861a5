//! The reference server of everwire, as a program.
//!
//! Owns the command line and the signals; must not know what the server does.

use everwire_server::shell::{
    config::{Asked, Config},
    server::Server,
};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let verbose = std::env::var_os("EVERWIRE_DEBUG").is_some();
    let level = if verbose { tracing::Level::DEBUG } else { tracing::Level::WARN };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
    let mut config = match Config::read(std::env::args_os().skip(1), std::env::var("PORT").ok()) {
        Ok(Asked::Serve(config)) => *config,
        Ok(Asked::Print(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("everwire-server: {error} (--help lists the options)");
            return ExitCode::from(2);
        }
    };
    config.redis = std::env::var("REDIS_URL").ok().filter(|url| !url.is_empty());
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        eprintln!("everwire-server: the system does not deliver signals");
        return ExitCode::FAILURE;
    };
    let server = match Server::start(config).await {
        Ok(server) => server,
        Err(error) => {
            eprintln!("everwire-server: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("streams can be broken on purpose through {}", server.proxy_address());
    println!("http://{}", server.address());
    let asked = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    match server.run_until(asked).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("everwire-server: {error}");
            ExitCode::FAILURE
        }
    }
}
