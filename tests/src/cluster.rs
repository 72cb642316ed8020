//! Three replicas on one PostgreSQL and one Redis behind HAProxy, with the configuration that `deploy/` has.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::programs::workspace;
use crate::{Api, Server};

/// How long a program may take until it answers.
const UP_WITHIN: Duration = Duration::from_secs(10);

/// How often that is tried.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// Everything is ended and removed when it is dropped.
pub struct Cluster {
    /// The replicas a, b and c.
    pub replicas: Vec<Server>,
    balancer: Option<Child>,
    /// Where clients come in.
    pub http: String,
    stats: String,
    redis: Child,
    redis_port: u16,
    database: String,
    folder: TempDir,
}

/// What is missing on this machine, if anything is. In CI nothing may be.
pub fn missing() -> Option<String> {
    let postgres = psql("postgres", "SELECT 1").err();
    let programs = ["redis-server", "haproxy"]
        .into_iter()
        .find(|program| Command::new(program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err());
    let missing = postgres.or(programs.map(|program| format!("{program} is not installed")))?;
    assert!(std::env::var_os("CI").is_none(), "in CI everything must be there: {missing}");
    Some(missing)
}

impl Cluster {
    /// Starts it, with nothing in it.
    pub fn start() -> Cluster {
        let folder = tempfile::Builder::new().prefix("stadion-cluster-").tempdir().unwrap();
        let database =
            format!("stadion_{}", folder.path().file_name().unwrap().to_string_lossy().replace(['-', '.'], "_"));
        let database = database.to_lowercase();
        psql("postgres", &format!("CREATE DATABASE {database}")).unwrap();
        let redis_port = free_port();
        let redis = redis(redis_port, folder.path());
        let mut cluster = Cluster {
            replicas: Vec::new(),
            balancer: None,
            http: format!("http://127.0.0.1:{}", free_port()),
            stats: format!("127.0.0.1:{}", free_port()),
            redis,
            redis_port,
            database,
            folder,
        };
        await_port(redis_port);
        cluster.start_replicas();
        cluster.balancer = Some(cluster.balance());
        await_port(port_of(&cluster.http));
        cluster
    }

    fn start_replicas(&mut self) {
        let place = |name: &str| self.folder.path().join(name).display().to_string();
        let shared = [
            "--database".to_owned(),
            format!("postgres://postgres@127.0.0.1/{}", self.database),
            "--redis".to_owned(),
            format!("redis://127.0.0.1:{}", self.redis_port),
            "--keys".to_owned(),
            place("keys"),
            "--blobs".to_owned(),
            place("blobs"),
            "--trusted-proxies".to_owned(),
            "127.0.0.1".to_owned(),
        ];
        let shared: Vec<&str> = shared.iter().map(String::as_str).collect();
        // All at once, as they would after a power cut.
        self.replicas = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..3).map(|_| scope.spawn(|| Server::durable(&shared))).collect();
            starting.into_iter().map(|server| server.join().unwrap()).collect()
        });
    }

    fn balance(&self) -> Child {
        let mut haproxy = Command::new("haproxy");
        haproxy.arg("-f").arg(workspace().join("deploy/haproxy/haproxy.cfg")).arg("-db");
        haproxy.env("STADION_BIND", self.http.trim_start_matches("http://")).env("STADION_STATS", &self.stats);
        for (name, replica) in ["A", "B", "C"].into_iter().zip(&self.replicas) {
            haproxy.env(format!("STADION_REPLICA_{name}"), replica.http.trim_start_matches("http://"));
        }
        let log = std::fs::File::create(self.folder.path().join("haproxy.log")).unwrap();
        haproxy.stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// The API through the balancer, as the developer.
    pub fn api(&self) -> Api {
        Api::new(&self.http, &self.replicas[0].key)
    }

    /// Requests that each replica got through the balancer, and how often each was found dead.
    pub async fn spread(&self) -> Vec<(String, u64, u64)> {
        let table = reqwest::get(format!("http://{}/stats;csv", self.stats)).await.unwrap().text().await.unwrap();
        let mut lines = table.trim_start_matches("# ").lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').collect();
        let column = |name: &str| names.iter().position(|it| *it == name).unwrap();
        let (backend, server, requests, downs) =
            (column("pxname"), column("svname"), column("stot"), column("chkdown"));
        let rows = lines.map(|line| line.split(',').collect::<Vec<_>>());
        rows.filter(|row| row.get(backend) == Some(&"replicas") && row[server] != "BACKEND")
            .map(|row| (row[server].to_owned(), row[requests].parse().unwrap(), row[downs].parse().unwrap_or_default()))
            .collect()
    }

    /// Forgets everything in Redis.
    pub fn empty_redis(&self) {
        let flushed =
            Command::new("redis-cli").args(["-p", &self.redis_port.to_string(), "FLUSHALL"]).output().unwrap();
        assert!(flushed.status.success(), "{flushed:?}");
    }

    /// The answer of one command to Redis, a line for each element.
    pub fn redis(&self, command: &[&str]) -> Vec<String> {
        let asked =
            Command::new("redis-cli").args(["-p", &self.redis_port.to_string()]).args(command).output().unwrap();
        assert!(asked.status.success(), "{asked:?}");
        String::from_utf8_lossy(&asked.stdout).lines().map(str::to_owned).collect()
    }

    /// Ends Redis, and with it everything that was in it.
    pub fn stop_redis(&mut self) {
        self.redis.kill().unwrap();
        self.redis.wait().unwrap();
    }

    /// Starts it again, empty.
    pub fn start_redis(&mut self) {
        self.redis = redis(self.redis_port, self.folder.path());
        await_port(self.redis_port);
    }

    /// Lets nobody into the database and sends everybody away, or lets them in again.
    pub fn let_into_database(&self, allowed: bool) {
        psql("postgres", &format!("ALTER DATABASE {} ALLOW_CONNECTIONS {allowed}", self.database)).unwrap();
        if !allowed {
            self.end_connections();
        }
    }

    fn end_connections(&self) {
        let all = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.database);
        psql("postgres", &all).unwrap();
    }

    /// The answer of one query, a line for each row.
    pub fn query(&self, sql: &str) -> Vec<String> {
        psql(&self.database, sql).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(balancer) = &mut self.balancer {
            let _ = balancer.kill();
            let _ = balancer.wait();
        }
        self.replicas.clear();
        let _ = self.redis.kill();
        let _ = self.redis.wait();
        if let Err(error) = psql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.database)) {
            eprintln!("{} stays behind: {error}", self.database);
        }
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(self.folder.path().join("haproxy.log")).unwrap_or_default());
        }
    }
}

/// A seat's match and number.
pub fn place_of(seat: &Value) -> (String, u64) {
    (seat["match"]["id"].as_str().unwrap().to_owned(), seat["seat"].as_u64().unwrap())
}

fn psql(database: &str, sql: &str) -> Result<String, String> {
    let mut psql = Command::new("psql");
    psql.args(["-h", "127.0.0.1", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-Atc", sql]);
    let done = psql.output().map_err(|error| format!("psql: {error}"))?;
    match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
    }
}

fn redis(port: u16, folder: &Path) -> Child {
    let mut redis = Command::new("redis-server");
    redis.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    redis.arg("--dir").arg(folder).stdout(Stdio::null()).spawn().unwrap()
}

/// One that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn port_of(http: &str) -> u16 {
    http.rsplit_once(':').unwrap().1.parse().unwrap()
}

fn await_port(port: u16) {
    for _ in 0..UP_WITHIN.as_millis() / TRY_EVERY.as_millis() {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(TRY_EVERY);
    }
    panic!("nothing listens on port {port}");
}
