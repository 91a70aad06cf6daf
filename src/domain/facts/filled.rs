//! Facts, filled in: from the plan, the changes, the clock's answer and the approvals.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::{
    ApprovalFacts, AttestedFacts, ChangeFacts, ElsewhereFacts, Facts, FreezeFacts, IncidentFacts,
    LiveFacts, PeopleFacts, PlanFacts, ReleaseFacts, TimeFacts,
};
use crate::domain::changes::{Changes, Direction};
use crate::domain::holidays::Holidays;
use crate::domain::name::{EnvironmentName, PersonName};
use crate::domain::plan::{PlanBody, Requester};
use crate::domain::revision::RefKind;
use crate::domain::step::{HealthCheck, StepAction};

impl PlanFacts {
    pub fn of(body: &PlanBody, by: &Requester, chain: &[EnvironmentName]) -> Self {
        let mut facts = Self {
            action: body.action.as_str().to_owned(),
            service: body.service.to_string(),
            environment: body
                .environment
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            reference: body.pins.reference.clone().unwrap_or_default(),
            reference_kind: body
                .pins
                .reference_kind
                .map_or("", reference_kind)
                .to_owned(),
            commit: body.pins.commit.clone().unwrap_or_default(),
            tests: Vec::new(),
            smoke_tests: Vec::new(),
            scripts: Vec::new(),
            steps: Vec::new(),
            health: String::new(),
            rollback_target: body.rollback_target.is_some(),
            chain: chain.iter().map(ToString::to_string).collect(),
            requested_by: match by {
                Requester::Person { name } => name.to_string(),
                Requester::Policy { .. } => String::new(),
            },
            pinned: body.pins.reference_kind != Some(RefKind::Branch)
                && body.pins.reference.as_deref().is_none_or(is_fixed_name),
            strategy: String::new(),
            bake_minutes: 0,
            emergency: false,
        };
        body.steps.iter().for_each(|step| facts.add(&step.action));
        for list in [
            &mut facts.tests,
            &mut facts.smoke_tests,
            &mut facts.scripts,
            &mut facts.steps,
        ] {
            list.sort();
            list.dedup();
        }
        facts
    }

    fn add(&mut self, action: &StepAction) {
        self.steps.push(action.kind().to_owned());
        match action {
            StepAction::RunTest { test, .. } => self.tests.push(test.to_string()),
            StepAction::SmokeTest { test, .. } => self.smoke_tests.push(test.to_string()),
            StepAction::RunScript { script, .. } => self.scripts.push(script.clone()),
            // The only one that there is.
            StepAction::Switch { .. } => self.strategy = "recreate".to_owned(),
            StepAction::HealthGate { gate } => {
                self.health = match gate.check {
                    HealthCheck::Http { .. } => "http",
                    HealthCheck::Container => "container",
                }
                .to_owned();
            }
            _ => {}
        }
    }
}

/// Not a name that is meant to be moved on with each release.
pub fn is_fixed_name(name: &str) -> bool {
    const MOVING: [&str; 25] = [
        "latest",
        "head",
        "stable",
        "edge",
        "nightly",
        "current",
        "newest",
        "main",
        "master",
        "trunk",
        "develop",
        "next",
        "dev",
        "development",
        "test",
        "testing",
        "staging",
        "prod",
        "production",
        "beta",
        "alpha",
        "canary",
        "unstable",
        "lts",
        "snapshot",
    ];
    let name = name.to_ascii_lowercase();
    // A snapshot of Maven is published anew under the same name.
    !MOVING.contains(&name.as_str()) && !name.ends_with("-snapshot")
}

fn reference_kind(kind: RefKind) -> &'static str {
    match kind {
        RefKind::Tag => "tag",
        RefKind::Branch => "branch",
        RefKind::Commit => "commit",
    }
}

impl ChangeFacts {
    /// `None` where there is nothing to compare: build, test, restart.
    pub fn of(changes: Option<&Changes>) -> Self {
        let Some(changes) = changes else {
            return Self {
                direction: String::new(),
                commits: 0,
                files: Vec::new(),
                file_count: 0,
                migrations: false,
                authors: Vec::new(),
            };
        };
        let direction = match changes.direction {
            Direction::First => "first",
            Direction::Same => "same",
            Direction::Forward => "forward",
            Direction::Backward => "backward",
            Direction::Diverged => "diverged",
        };
        Self {
            direction: direction.to_owned(),
            commits: whole(changes.commits.len(), changes.more_commits),
            files: changes.files.clone(),
            file_count: whole(changes.files.len(), changes.more_files),
            migrations: changes.more_files > 0 || changes.files.iter().any(|f| is_migration(f)),
            authors: authors(changes),
        }
    }
}

fn authors(changes: &Changes) -> Vec<String> {
    let names: BTreeSet<&str> = changes.commits.iter().map(|c| c.author.as_str()).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn whole(listed: usize, more: u32) -> i64 {
    i64::try_from(listed)
        .unwrap_or(i64::MAX)
        .saturating_add(i64::from(more))
}

fn is_migration(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let mut folders = path.split('/').rev();
    folders.next().is_some_and(|file| file.ends_with(".sql"))
        || folders.any(|folder| matches!(folder, "migrations" | "migrate"))
}

impl TimeFacts {
    pub fn at(now: Timestamp, zone: &TimeZone, holidays: &Holidays) -> Self {
        let local = now.to_zoned(zone.clone());
        let weekday = match local.weekday() {
            Weekday::Monday => "monday",
            Weekday::Tuesday => "tuesday",
            Weekday::Wednesday => "wednesday",
            Weekday::Thursday => "thursday",
            Weekday::Friday => "friday",
            Weekday::Saturday => "saturday",
            Weekday::Sunday => "sunday",
        };
        Self {
            weekday: weekday.to_owned(),
            hour: local.hour().into(),
            minute: local.minute().into(),
            date: local.date().to_string(),
            month: local.month().into(),
            day: local.day().into(),
            days_left: i64::from(local.date().days_in_month() - local.day()),
            holiday: holidays.has(local.date()),
            // The calendar's very last day has none behind it.
            before_holiday: local.date().tomorrow().is_ok_and(|next| holidays.has(next)),
        }
    }
}

impl ApprovalFacts {
    /// `by` includes the approval that is being given.
    pub fn of(by: &BTreeSet<PersonName>, requester: &Requester) -> Self {
        Self {
            count: whole(by.len(), 0),
            by: by.iter().map(ToString::to_string).collect(),
            requester_approved: match requester {
                Requester::Person { name } => by.contains(name),
                Requester::Policy { .. } => false,
            },
            roles: Vec::new(),
        }
    }
}

/// No length or share is less than nothing.
const UNMEASURED: i64 = -1;

impl AttestedFacts {
    /// Nobody has said anything.
    pub fn unknown() -> Self {
        let unsaid = String::new;
        Self {
            tests: unsaid(),
            special_tests: unsaid(),
            review: unsaid(),
            scan: unsaid(),
            backup: unsaid(),
            restore_test: unsaid(),
            migration: unsaid(),
            rollback_plan: unsaid(),
            monitoring: unsaid(),
            on_call: unsaid(),
            present: unsaid(),
            announcement: unsaid(),
            ticket: unsaid(),
            notes: unsaid(),
            provenance: unsaid(),
            retention: unsaid(),
            code_freeze: unsaid(),
            holiday: unsaid(),
            peak: unsaid(),
            overspent: unsaid(),
            exception: unsaid(),
            same_image: unsaid(),
            minor: unsaid(),
            fix: unsaid(),
            notice_minutes: UNMEASURED,
            kept_minutes: UNMEASURED,
            kept_versions: UNMEASURED,
            backup_minutes: UNMEASURED,
            coverage_percent: UNMEASURED,
            error_rate: UNMEASURED,
            latency_ms: UNMEASURED,
        }
    }
}

impl Facts {
    /// The plan that the examples in procedures start from: an ordinary deploy of version v1.0.0
    /// of `shop` to `staging`, on a Tuesday at ten, over a verified release, nothing approved yet.
    pub fn example() -> Self {
        let text = str::to_owned;
        Self {
            plan: PlanFacts {
                action: text("deploy"),
                service: text("shop"),
                environment: text("staging"),
                reference: text("v1.0.0"),
                reference_kind: text("tag"),
                commit: "0".repeat(40),
                tests: vec![text("unit")],
                smoke_tests: vec![text("smoke")],
                scripts: Vec::new(),
                steps: [
                    "build_image",
                    "create_container",
                    "fetch_source",
                    "health_gate",
                    "run_test",
                    "smoke_test",
                    "switch",
                    "verify_running",
                ]
                .map(text)
                .to_vec(),
                health: text("http"),
                rollback_target: true,
                chain: Vec::new(),
                requested_by: text("ada"),
                pinned: true,
                strategy: text("recreate"),
                bake_minutes: 10,
                emergency: false,
            },
            changes: ChangeFacts {
                direction: text("forward"),
                commits: 3,
                files: vec![text("src/main.rs")],
                file_count: 1,
                migrations: false,
                authors: vec![text("Ada")],
            },
            live: LiveFacts {
                exists: true,
                quality: text("verified"),
                age_hours: 72,
            },
            release: ReleaseFacts {
                verified_in: Vec::new(),
                soaked_minutes: 0,
            },
            time: TimeFacts {
                weekday: text("tuesday"),
                hour: 10,
                minute: 0,
                date: text("2026-11-17"),
                month: 11,
                day: 17,
                days_left: 13,
                holiday: false,
                before_holiday: false,
            },
            freeze: FreezeFacts { active: false },
            elsewhere: ElsewhereFacts { running: 0 },
            incident: IncidentFacts { open: 0 },
            people: PeopleFacts { tokens: 2 },
            approval: ApprovalFacts {
                count: 0,
                by: Vec::new(),
                requester_approved: false,
                roles: Vec::new(),
            },
            attested: AttestedFacts::unknown(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::intent::Action;
    use crate::domain::name::{ServiceName, TestName};
    use crate::domain::plan::{OnDegraded, Pins};
    use crate::domain::step::{HealthGate, ImageSource, Step};

    fn step(id: &str, action: StepAction) -> Step {
        Step {
            id: id.into(),
            action,
            timeout_seconds: 60,
            retry: None,
            when: None,
        }
    }

    #[test]
    fn a_plan_is_told_by_its_steps_and_pins() {
        let image = || ImageSource::Built {
            step: "build".into(),
        };
        let test = |name| TestName::parse(name).unwrap();
        let body = PlanBody {
            action: Action::Deploy,
            service: ServiceName::parse("shop").unwrap(),
            environment: Some(EnvironmentName::parse("staging").unwrap()),
            steps: vec![
                step(
                    "a",
                    StepAction::RunTest {
                        test: test("unit"),
                        argv: vec![],
                        image: image(),
                    },
                ),
                step(
                    "b",
                    StepAction::RunTest {
                        test: test("style"),
                        argv: vec![],
                        image: image(),
                    },
                ),
                step(
                    "c",
                    StepAction::SmokeTest {
                        test: test("smoke"),
                        argv: vec![],
                        image: image(),
                    },
                ),
                step(
                    "d",
                    StepAction::HealthGate {
                        gate: HealthGate {
                            check: HealthCheck::Container,
                            interval_milliseconds: 1_000,
                            timeout_milliseconds: 1_000,
                            consecutive: 2,
                            deadline_seconds: 60,
                        },
                    },
                ),
                step(
                    "e",
                    StepAction::RunScript {
                        script: "backup-database".to_owned(),
                        sha256: String::new(),
                        arguments: BTreeMap::new(),
                    },
                ),
            ],
            edges: vec![],
            pins: Pins {
                reference: Some("v1.0.0".to_owned()),
                reference_kind: Some(RefKind::Tag),
                ..Pins::default()
            },
            configuration: None,
            rollback_target: None,
            on_degraded: OnDegraded::CallPerson,
        };
        let ada = Requester::Person {
            name: PersonName::parse("ada").unwrap(),
        };
        let next = [EnvironmentName::parse("production").unwrap()];
        let facts = PlanFacts::of(&body, &ada, &next);
        let expected = PlanFacts {
            action: "deploy".to_owned(),
            service: "shop".to_owned(),
            environment: "staging".to_owned(),
            reference: "v1.0.0".to_owned(),
            reference_kind: "tag".to_owned(),
            commit: String::new(),
            tests: vec!["style".to_owned(), "unit".to_owned()],
            smoke_tests: vec!["smoke".to_owned()],
            scripts: vec!["backup-database".to_owned()],
            steps: ["health_gate", "run_script", "run_test", "smoke_test"]
                .map(str::to_owned)
                .to_vec(),
            health: "container".to_owned(),
            rollback_target: false,
            chain: vec!["production".to_owned()],
            requested_by: "ada".to_owned(),
            pinned: true,
            strategy: String::new(),
            bake_minutes: 0,
            emergency: false,
        };
        assert_eq!(facts, expected);
    }

    #[test]
    fn the_time_is_that_of_the_configured_zone() {
        let now: Timestamp = "2026-11-20T23:30:00Z".parse().unwrap();
        let utc = TimeFacts::at(now, &TimeZone::UTC, &Holidays::default());
        assert_eq!(
            (utc.weekday.as_str(), utc.hour, utc.date.as_str()),
            ("friday", 23, "2026-11-20")
        );
        let berlin = TimeFacts::at(
            now,
            &TimeZone::get("Europe/Berlin").unwrap(),
            &Holidays::default(),
        );
        assert_eq!(
            (
                berlin.weekday.as_str(),
                berlin.hour,
                berlin.minute,
                berlin.date.as_str()
            ),
            ("saturday", 0, 30, "2026-11-21")
        );
    }

    #[test]
    fn a_migration_is_seen_by_its_path_and_suspected_where_the_list_was_cut() {
        for path in [
            "db/migrations/0001_a.py",
            "Migrations/x.rb",
            "a/b/c.SQL",
            "migrate/1.js",
        ] {
            assert!(is_migration(path), "{path}");
        }
        for path in ["src/migrations.rs", "docs/sql.md", "src/immigrations/a.rs"] {
            assert!(!is_migration(path), "{path}");
        }
        let mut changes = Changes {
            since: None,
            to: "b".repeat(40),
            direction: Direction::Forward,
            commits: Vec::new(),
            more_commits: 2,
            lost_commits: 0,
            files: vec!["src/a.rs".to_owned()],
            more_files: 0,
        };
        let few = ChangeFacts::of(Some(&changes));
        assert_eq!((few.commits, few.file_count, few.migrations), (2, 1, false));
        changes.more_files = 5;
        let cut = ChangeFacts::of(Some(&changes));
        assert_eq!((cut.file_count, cut.migrations), (6, true));
    }

    #[test]
    fn approvals_know_whether_the_requester_is_among_them() {
        let name = |text| PersonName::parse(text).unwrap();
        let by = BTreeSet::from([name("grace"), name("ada")]);
        let facts = ApprovalFacts::of(&by, &Requester::Person { name: name("ada") });
        assert_eq!(facts.by, ["ada", "grace"]);
        assert_eq!((facts.count, facts.requester_approved), (2, true));
    }
}
