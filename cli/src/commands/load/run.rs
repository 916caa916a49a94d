use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use portcullis::core::Clock;
use portcullis::{Failure, Invocation};

use super::arguments::LoadCommand;
use super::connection::Connector;
use super::interrupt::Interrupt;
use super::operation::Kind;
use super::outcome::Expectations;
use super::performance::{BEFORE, Plan};
use super::progress::Progress;
use super::rehearsal::Rehearsal;
use super::report::{Report, ReportFile};
use super::scenario::{Scenario, Timetable};
use super::target::Target;
use super::users::User;
use super::{consent, trust, verdict};

impl LoadCommand {
    pub(crate) fn run(self, invocation: &Invocation) -> Result<ExitCode, Failure> {
        self.check()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::new)?;
        runtime.block_on(self.load(invocation.json))
    }

    async fn load(self, json: bool) -> Result<ExitCode, Failure> {
        let target = Target::find(&self.url).await?;
        let timetables = self.timetables();
        consent::obtain(&target, self.yes_i_own.as_deref(), &self.in_words(&timetables))?;
        let connector = self.connector(&target)?;
        // Before the load, for nobody likes to repeat it because of a missing folder.
        let file = self.report.as_deref().map(ReportFile::create).transpose()?;
        let mut interrupt = Interrupt::listen()?;
        let progress = Progress::begin();
        let rehearsal = Rehearsal::new(connector.clone(), target.clone(), Duration::from_secs(self.timeout));
        let plan = tokio::select! {
            plan = self.plan(connector, timetables, &rehearsal, &progress) => plan?,
            () = interrupt.wait() => return Err(Failure::new(BEFORE)),
        };
        let mut report = Report::begin(&self, &target, &plan, Clock::system().now());
        let performed = plan.perform(rehearsal, &mut interrupt, &progress).await?;
        progress.end();
        report.conclude(&performed, verdict::missed(&performed.measurements, self.max_error_rate, &self.p99_below));
        if let Some(file) = file {
            file.write(&report.html(&performed.measurements)?)?;
        }
        let text = if json { report.json()? } else { report.text() };
        io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::new(format!("cannot write the result: {error}")))?;
        Ok(ExitCode::from(u8::from(!report.is_passed())))
    }

    fn timetables(&self) -> Vec<Timetable> {
        let streams = if self.http2 { super::pool::STREAMS } else { 1 };
        self.scenario.timetables(self.rate, self.duration(), usize::from(self.connections) * streams, self.log_ins)
    }

    fn in_words(&self, timetables: &[Timetable]) -> String {
        let requests: u64 = timetables.iter().map(|timetable| timetable.requests).sum();
        format!("{requests} requests within {} s", self.seconds)
    }

    fn connector(&self, target: &Target) -> Result<Connector, Failure> {
        if self.http2 && !target.is_https {
            return Err(Failure::usage("--http2 is for https://"));
        }
        let protocol = if self.http2 { "h2" } else { "http/1.1" };
        let tls = if target.is_https { Some(trust::configuration(self.ca.as_deref(), target, protocol)?) } else { None };
        Connector::new(target.clone(), tls, self.http2)
    }

    async fn plan(
        &self,
        connector: Connector,
        timetables: Vec<Timetable>,
        rehearsal: &Rehearsal,
        progress: &Progress,
    ) -> Result<Plan, Failure> {
        let users = self.users(rehearsal, progress).await?;
        // For log-ins alone, one tells whether the password is right.
        let needed = if self.scenario == Scenario::LogIn { users.get(..1).unwrap_or_default() } else { &users };
        let tokens_last = rehearsal.log_in(needed, progress).await?;
        let first = users.first().ok_or_else(|| Failure::usage("there is no user"))?;
        let operations = rehearsal.operations(self, first).await?;
        let expectations = Expectations { is_storm: self.scenario == Scenario::Storm, further: self.expect.clone() };
        let renewed = self.scenario.does(Kind::Read) || self.scenario.does(Kind::Write);
        let tokens_last = if renewed { tokens_last } else { Duration::MAX };
        let (time, timeout) = (self.duration(), Duration::from_secs(self.timeout));
        Ok(Plan { connector, timetables, time, timeout, users, tokens_last, operations, expectations })
    }

    async fn users(&self, rehearsal: &Rehearsal, progress: &Progress) -> Result<Vec<Arc<User>>, Failure> {
        match (&self.username, self.register) {
            (Some(name), _) => Ok(vec![Arc::new(User::read(name, &mut io::stdin().lock())?)]),
            (None, Some(number)) => rehearsal.register(number, progress).await,
            (None, None) => Err(Failure::usage("say who logs in: --username with --password-stdin, or --register")),
        }
    }
}
