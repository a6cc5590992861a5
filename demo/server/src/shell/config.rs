//! What the server is told at its start.
//!
//! Owns options, their defaults and their reading; must not know what they change. The arguments are read by `lexopt`:
//! one small file without dependencies, and fifteen options need no more.

use crate::core::{docs, limits::Limits, streams::terms::Terms};
use std::{ffi::OsString, path::PathBuf, time::Duration};

/// What `--help` prints.
pub const HELP: &str = "\
everwire-server: runs DAGs and streams them to browsers

  --port N             where pages and streams are served (default: $PORT, else 8787; 0: any free one)
  --proxy-port N       where the breakable way to the streams is (default: one more than --port; 0: any free one)
  --data DIR           where runs, logs and outcomes are kept (default: demo/data)
  --memory             keep nothing: a restart begins anew
  --dags DIR           the definitions (default: demo/dags)
  --web DIR            the pages (default: demo/web/dist)
  --root DIR           where commands run (default: the current folder)
  --behind PORT        the port of a proxy in front, whose pages count as this server's; may be repeated
  --lease MS           how long a room stays a silent process's, where several share REDIS_URL (default: 3000)
  --allow-origin URL   another origin whose pages may connect, start and decide; may be repeated
  --max-connections N  more are sent away with a goaway (default: 1024)
  --token-names        the token of a client's hello is the name of its user, in presence; nobody looks whether it is true
  --stream-terms LIST  times and bounds of event streams, as name=number,...: in milliseconds comment (15000), beat
                       (10000), stale and look (30000), most (3600000), keep (300000), settle (5000), stuck (40000); and
                       events, bytes, streams, kept-bytes, per-client, viewers, per-stream
  --help, --version

REDIS_URL (redis://[user:password@]host[:port][/database]) is where servers of more than one process meet. It is read from
the environment alone: arguments are seen by everybody on the machine.";

/// The server's options.
#[derive(Clone, Debug)]
pub struct Config {
    /// The main port, 0 for any.
    pub port: u16,
    /// The proxy's port, 0 for any; where absent, one more than the main one.
    pub proxy_port: Option<u16>,
    /// Where the journal is; `None` keeps it in memory.
    pub data: Option<PathBuf>,
    /// The definitions.
    pub dags: PathBuf,
    /// The pages.
    pub web: PathBuf,
    /// Where commands run.
    pub root: PathBuf,
    /// Further origins that may connect, start and decide.
    pub allow_origins: Vec<String>,
    /// The ports of proxies in front.
    pub behind: Vec<u16>,
    /// How long a room stays that of a process that is silent, where several share a storage.
    pub lease: Duration,
    /// Bounds.
    pub limits: Limits,
    /// Times and bounds of event streams.
    pub streams: Terms,
    /// Bounds of shared documents.
    pub docs: docs::terms::Terms,
    /// Where servers of more than one process meet.
    pub redis: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 8_787,
            proxy_port: None,
            data: Some("demo/data".into()),
            dags: "demo/dags".into(),
            web: "demo/web/dist".into(),
            root: ".".into(),
            allow_origins: Vec::new(),
            behind: Vec::new(),
            lease: Duration::from_secs(3),
            limits: Limits::default(),
            streams: Terms::default(),
            docs: docs::terms::Terms::default(),
            redis: None,
        }
    }
}

/// What the command line asks for.
#[derive(Clone, Debug)]
pub enum Asked {
    /// To serve.
    Serve(Box<Config>),
    /// For text.
    Print(&'static str),
}

impl Config {
    /// Reads the command line, and `port_variable`, the value of `PORT`.
    ///
    /// # Errors
    /// A text that names the argument.
    pub fn read(
        args: impl IntoIterator<Item = OsString>,
        port_variable: Option<String>,
    ) -> Result<Asked, lexopt::Error> {
        use lexopt::prelude::*;
        let mut config = Self::default();
        if let Some(port) = port_variable.filter(|text| !text.is_empty()) {
            config.port = port.parse().map_err(|_| format!("PORT is a number from 0 to 65535, not {port:?}"))?;
        }
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("port") => config.port = parser.value()?.parse()?,
                Long("proxy-port") => config.proxy_port = Some(parser.value()?.parse()?),
                Long("data") => config.data = Some(parser.value()?.into()),
                Long("memory") => config.data = None,
                Long("dags") => config.dags = parser.value()?.into(),
                Long("web") => config.web = parser.value()?.into(),
                Long("root") => config.root = parser.value()?.into(),
                Long("allow-origin") => config.allow_origins.push(parser.value()?.string()?),
                Long("behind") => config.behind.push(parser.value()?.parse()?),
                Long("lease") => config.lease = lease(parser.value()?.parse()?)?,
                Long("max-connections") => config.limits.connections = parser.value()?.parse()?,
                Long("token-names") => config.limits.token_names = true,
                Long("stream-terms") => config.streams.set(&parser.value()?.string()?)?,
                Short('h') | Long("help") => return Ok(Asked::Print(HELP)),
                Short('V') | Long("version") => return Ok(Asked::Print(env!("CARGO_PKG_VERSION"))),
                Short(_) | Long(_) | Value(_) => return Err(argument.unexpected()),
            }
        }
        Ok(Asked::Serve(Box::new(config)))
    }
}

/// A lease that is shorter than an answer may take would never be good, and a long one keeps a room from everybody.
fn lease(millis: u64) -> Result<Duration, String> {
    if (500..=60_000).contains(&millis) {
        Ok(Duration::from_millis(millis))
    } else {
        Err(format!("--lease is a number of milliseconds from 500 to 60000, not {millis}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str], port: Option<&str>) -> Result<Asked, String> {
        Config::read(args.iter().map(Into::into), port.map(Into::into)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_goes_before_the_environment() {
        let Ok(Asked::Serve(config)) = read(&["--port", "9", "--memory"], Some("7")) else { panic!("serve") };
        assert_eq!((config.port, config.data), (9, None));
        let Ok(Asked::Serve(config)) = read(&[], Some("7")) else { panic!("serve") };
        assert_eq!(config.port, 7);
    }

    #[test]
    fn what_is_unknown_is_named() {
        assert!(read(&["--prot", "9"], None).expect_err("refused").contains("--prot"));
        assert!(read(&[], Some("x")).expect_err("refused").contains("PORT"));
        assert!(read(&["--port"], None).is_err() && read(&["--port", "70000"], None).is_err());
    }
}
