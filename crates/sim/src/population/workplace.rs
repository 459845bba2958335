//! The company the people work for: departments, titles and sites.

/// A department with what its people are called.
pub(super) struct Department {
    pub(super) name: &'static str,
    /// First letter of its cost centres.
    pub(super) code: char,
    pub(super) titles: &'static [&'static str],
}

/// A place of work.
pub(super) struct Site {
    pub(super) city: &'static str,
    pub(super) region: &'static str,
    pub(super) country: &'static str,
    pub(super) street: &'static str,
    /// What phone numbers start with.
    pub(super) dialling: &'static str,
}

/// The mail domain of everybody's address. `.test` is reserved for this by RFC 2606.
pub(super) const DOMAIN: &str = "northwind.test";
/// Where private addresses are.
pub(super) const PRIVATE_DOMAIN: &str = "home.test";
/// The employer.
pub(super) const COMPANY: &str = "Northwind Clinic";

/// Every department. Append only.
pub(super) static DEPARTMENTS: &[Department] = &[
    Department {
        name: "Finance",
        code: 'F',
        titles: &[
            "Accountant",
            "Controller",
            "Payroll Officer",
            "Treasurer",
            "Head of Finance",
        ],
    },
    Department {
        name: "Information Technology",
        code: 'I',
        titles: &[
            "System Administrator",
            "Software Engineer",
            "Service Desk Analyst",
            "Architect",
            "Head of IT",
        ],
    },
    Department {
        name: "Human Resources",
        code: 'H',
        titles: &[
            "Recruiter",
            "HR Business Partner",
            "HR Officer",
            "Trainer",
            "Head of People & Culture",
        ],
    },
    Department {
        name: "Nursing",
        code: 'N',
        titles: &[
            "Nurse",
            "Senior Nurse",
            "Ward Manager",
            "Health Care Assistant",
            "Director of Nursing",
        ],
    },
    Department {
        name: "Sales & Marketing",
        code: 'S',
        titles: &[
            "Account Manager",
            "Copywriter",
            "Sales Engineer",
            "Brand Manager",
            "Chief Commercial Officer",
        ],
    },
    Department {
        name: "Research, Development",
        code: 'R',
        titles: &[
            "Scientist",
            "Lab Technician",
            "Statistician",
            "Postdoctoral Fellow",
            "Head of R&D",
        ],
    },
    Department {
        name: "Facilities",
        code: 'B',
        titles: &[
            "Caretaker",
            "Electrician",
            "Receptionist",
            "Driver",
            "Facilities Manager",
        ],
    },
    Department {
        name: "Qualité / Sécurité",
        code: 'Q',
        titles: &[
            "Auditor",
            "Quality Engineer",
            "Safety Officer",
            "Délégué à la protection",
            "Head of Quality",
        ],
    },
];

/// Every site. Append only.
pub(super) static SITES: &[Site] = &[
    Site {
        city: "Amsterdam",
        region: "Noord-Holland",
        country: "NL",
        street: "Herengracht",
        dialling: "+31 20 555",
    },
    Site {
        city: "London",
        region: "Greater London",
        country: "GB",
        street: "King's Road",
        dialling: "+44 20 7946",
    },
    Site {
        city: "München",
        region: "Bayern",
        country: "DE",
        street: "Königinstraße",
        dialling: "+49 89 5550",
    },
    Site {
        city: "São Paulo",
        region: "SP",
        country: "BR",
        street: "Rua Conceição",
        dialling: "+55 11 5550",
    },
    Site {
        city: "Athens",
        region: "Αττική",
        country: "GR",
        street: "Οδός Ερμού",
        dialling: "+30 21 0555",
    },
    Site {
        city: "Hà Nội",
        region: "Hà Nội",
        country: "VN",
        street: "Phố Huế",
        dialling: "+84 24 5550",
    },
    Site {
        city: "上海",
        region: "上海市",
        country: "CN",
        street: "南京路",
        dialling: "+86 21 5550",
    },
    Site {
        city: "New York",
        region: "NY",
        country: "US",
        street: "W 42nd St",
        dialling: "+1 212 555",
    },
];

/// How people are employed, with how many in a hundred are so.
pub(super) static EMPLOYMENT: &[(&str, u8)] = &[("FTE", 80), ("PTE", 12), ("Contractor", 6), ("Intern", 2)];
