"""Splink's recipes: its own published ones where there is one for the data, else one written in the same spirit.

Each recipe gives Splink all a careful user of its documentation would: cleaned columns, term frequencies, several
blocking rules, EM in several passes. Where more than one variant exists all are run, and the best one, judged with the
truth, is what others are compared with. DOCS is where the published ones can be read.
"""

from dataclasses import dataclass

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import block_on

DOCS = "https://moj-analytical-services.github.io/splink/demos/examples/duckdb/"


@dataclass(frozen=True)
class Recipe:
    """What Splink is told about one data set."""

    source: str
    table: str  # SQL that makes the table of contacts from `input` (and `identities`)
    comparisons: object  # a list, or a function that makes it from the told u of each array column
    blocking: list
    deterministic: list
    recall: float
    training: list  # blocking rules of the EM passes
    unique_id: str = "id"
    u_pairs: float = 1e6
    without_tf: bool = True
    keep: float = 0.0  # match probability under which scored pairs are not kept for the oracle cut
    u_by_names: tuple = ()  # array columns whose u is told, from the pairs that share a value but not a name


def fake_1000_example():
    """The example "Evaluation when you have fully labelled data", which is about this very file."""
    return Recipe(
        source=DOCS + "accuracy_analysis_from_labels_column.html",
        table="select * replace (try_cast(dob as date) as dob) from input",
        unique_id="unique_id",
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=False),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        blocking=[block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email")],
        deterministic=_FAKE_DETERMINISTIC,
        recall=0.7,
        training=[block_on("dob"), block_on("email"), block_on("first_name", "surname")],
    )


def fake_1000_names():
    """The comparisons of the tutorial (two name columns instead of one), with the wide blocking of the example."""
    return Recipe(
        source="https://moj-analytical-services.github.io/splink/demos/tutorials/04_Estimating_model_parameters.html",
        table="select * replace (try_cast(dob as date) as dob) from input",
        unique_id="unique_id",
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("dob", input_is_string=False),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        blocking=[block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email")],
        deterministic=_FAKE_DETERMINISTIC,
        recall=0.7,
        training=[block_on("first_name", "surname"), block_on("dob"), block_on("email")],
        without_tf=False,
    )


_FAKE_DETERMINISTIC = [
    "l.first_name = r.first_name and levenshtein(r.dob::VARCHAR, l.dob::VARCHAR) <= 1",
    "l.surname = r.surname and levenshtein(r.dob::VARCHAR, l.dob::VARCHAR) <= 1",
    "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
    "l.email = r.email",
]

_FEBRL_BLOCKING = [
    block_on("soc_sec_id"),
    block_on("given_name"),
    block_on("surname"),
    block_on("date_of_birth"),
    block_on("postcode"),
]


def febrl_example():
    """The example that deduplicates FEBRL's data set 3, made by the same generator with the same columns."""
    return Recipe(
        source=DOCS + "febrl3.html",
        table="select * from input",
        unique_id="rec_id",
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            _febrl_birthdate(),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
        blocking=_FEBRL_BLOCKING,
        deterministic=_febrl_deterministic(),
        recall=0.9,
        training=[block_on("date_of_birth"), block_on("postcode")],
        without_tf=False,
    )


def febrl_detailed():
    """The detailed model of the example for FEBRL's data set 4, with the wider blocking of the one for set 3."""
    return Recipe(
        source=DOCS + "febrl4.html",
        table="select * from input",
        unique_id="rec_id",
        comparisons=_febrl_detailed_comparisons(),
        blocking=_FEBRL_BLOCKING,
        deterministic=_febrl_deterministic(),
        recall=0.8,
        training=[block_on("date_of_birth"), block_on("postcode")],
    )


def febrl_all_columns():
    """The detailed model with the phone and the address as well, which this file has and the examples' files lack."""
    return Recipe(
        source=DOCS + "febrl4.html (extended by phone_number and address_1)",
        table="select * from input",
        unique_id="rec_id",
        comparisons=_febrl_detailed_comparisons()
        + [
            cl.DamerauLevenshteinAtThresholds("phone_number", [1, 2]),
            cl.JaroWinklerAtThresholds("address_1", [0.9, 0.8]),
        ],
        blocking=_FEBRL_BLOCKING + [block_on("phone_number"), block_on("street_number", "address_1")],
        deterministic=_febrl_deterministic() + [block_on("phone_number", "surname")],
        recall=0.8,
        training=[block_on("date_of_birth"), block_on("postcode"), block_on("phone_number")],
    )


def _febrl_birthdate():
    return cl.DateOfBirthComparison(
        "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
    )


def _febrl_detailed_comparisons():
    return [
        cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("surname").configure(term_frequency_adjustments=True),
        _febrl_birthdate(),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
    ]


def _febrl_deterministic():
    return [
        block_on("soc_sec_id"),
        block_on("given_name", "surname", "date_of_birth"),
        "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth",
    ]


def dqbench():
    """Names, email, phone digits, address, zip and company. No recipe is published; the 50k example is the model."""
    return Recipe(
        source=DOCS + "deduplicate_50k_synthetic.html (adapted)",
        table="""
            select "row", lower(trim(first_name)) as first_name, lower(trim(last_name)) as last_name,
                lower(trim(first_name)) || ' ' || lower(trim(last_name)) as full_name,
                lower(trim(email)) as email, nullif(right(regexp_replace(phone, '[^0-9]', '', 'g'), 10), '') as phone,
                lower(trim(address)) as address, zip, lower(trim(company)) as company
            from input""",
        unique_id="row",
        comparisons=[
            cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("last_name").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
            cl.DamerauLevenshteinAtThresholds("phone", [1, 2]),
            cl.JaroWinklerAtThresholds("address", [0.95, 0.88]),
            cl.ExactMatch("zip").configure(term_frequency_adjustments=True),
            cl.ExactMatch("company").configure(term_frequency_adjustments=True),
        ],
        blocking=[
            block_on("phone"),
            block_on("email"),
            block_on("address"),
            block_on("first_name", "last_name"),
            block_on("last_name", "zip"),
            block_on("first_name", "zip"),
            block_on("substr(first_name,1,3)", "substr(last_name,1,4)"),
        ],
        deterministic=[
            block_on("phone", "last_name"),
            block_on("email", "phone"),
            block_on("first_name", "last_name", "address"),
        ],
        recall=0.8,
        training=[block_on("phone"), block_on("first_name", "last_name")],
    )


def generated_raw():
    """Contacts with all their identities as array columns; every value is believed."""
    return _generated(believed=_ALL_BELIEVED)


def generated_clean():
    """The same, with role mailboxes and values shared by more than four names taken out beforehand.

    Splink has no such thing; a careful user would do it in SQL, so it is done for it here.
    """
    return _generated(believed=_SHARED_IGNORED)


def generated_expert():
    """The same, and u of the identities told by hand.

    Splink estimates u from random pairs. Of those that share an email nearly all are the same person, so it takes
    identities for much weaker evidence than they are, and half of the true pairs end up below any sensible cut. An
    expert sees that in the chart of the weights. The value told is the share of pairs that have a value in common and
    different names, which needs no truth.
    """
    return _generated(believed=_SHARED_IGNORED, u_by_names=True)


IDENTITIES = ("emails", "phones", "handles", "cookies")


def _generated(believed, u_by_names=False):
    return Recipe(
        source=DOCS + "deduplicate_50k_synthetic.html (adapted, arrays of identities with exploding blocking rules)",
        table=_GENERATED_TABLE.format(believed=believed),
        comparisons=lambda u: [
            _name_comparison(),
            _array_comparison(
                "emails",
                u,
                ("email_name_l = email_name_r", "same local part"),
                ("jaro_winkler_similarity(email_l, email_r) > 0.92", "jaro-winkler > 0.92"),
            ),
            _array_comparison("phones", u),
            _array_comparison("handles", u),
            _array_comparison("cookies", u),
            cl.DateOfBirthComparison("birthdate", input_is_string=False),
            cl.JaroWinklerAtThresholds("company", [0.9]).configure(term_frequency_adjustments=True),
            _address_comparison(),
        ],
        blocking=[block_on(a, arrays_to_explode=[a]) for a in IDENTITIES]
        + [
            block_on("email_name"),
            block_on("rare_name"),
            block_on("full_name", "country"),
            block_on("full_name", "city"),
            block_on("full_name", "company"),
            block_on("last_name", "birthdate"),
            block_on("first_name", "birthdate"),
            block_on("last_name", "postcode"),
            block_on("substr(first_name,1,3)", "substr(last_name,1,4)", "city"),
            block_on("substr(first_name,1,2)", "company"),
        ],
        deterministic=[
            block_on("email", "last_name"),
            block_on("phone", "last_name"),
            block_on("email", "phone"),
            block_on("full_name", "birthdate"),
        ],
        recall=0.5,
        training=[block_on("email"), block_on("phone"), block_on("full_name", "country")],
        u_pairs=1e7,
        keep=0.001,
        u_by_names=IDENTITIES if u_by_names else (),
    )


def _name_comparison():
    """Splink's ForenameSurnameComparison, with levels for names in one field and for names in another order."""
    levels = [
        cll.CustomLevel("full_name_l is null or full_name_r is null", "name missing").configure(is_null_level=True),
        cll.ExactMatchLevel("full_name").configure(tf_adjustment_column="full_name"),
        cll.ExactMatchLevel("sorted_name").configure(tf_adjustment_column="sorted_name"),
        cll.JaroWinklerLevel("sorted_name", 0.95),
        cll.And(cll.JaroWinklerLevel("first_name", 0.92), cll.JaroWinklerLevel("last_name", 0.92)),
        cll.JaroWinklerLevel("sorted_name", 0.88),
        cll.CustomLevel("last_name_l = last_name_r and first_name_l <> first_name_r", "last name, another first name"),
        cll.ExactMatchLevel("last_name").configure(tf_adjustment_column="last_name"),
        cll.ExactMatchLevel("first_name").configure(tf_adjustment_column="first_name"),
        cll.ElseLevel(),
    ]
    return cl.CustomComparison(levels, output_column_name="name")


def _array_comparison(array, u, *levels):
    """A comparison of all values of a channel: any in common, then levels about the first value of each side."""
    common = cll.ArrayIntersectLevel(array, 1)
    if array in u:
        common = common.configure(u_probability=u[array], fix_u_probability=True)
    found = [
        cll.CustomLevel(f"{array}_l is null or {array}_r is null", f"{array} missing").configure(is_null_level=True),
        common,
    ]
    found += [cll.CustomLevel(sql, label) for sql, label in levels]
    found.append(cll.ElseLevel())
    return cl.CustomComparison(found, output_column_name=array)


def _address_comparison():
    """Street, postcode and city in one comparison, since they are not independent."""
    levels = [
        cll.CustomLevel("city_l is null or city_r is null", "address missing").configure(is_null_level=True),
        cll.CustomLevel("postcode_l = postcode_r and jaro_winkler_similarity(street_l, street_r) > 0.9", "street"),
        cll.ExactMatchLevel("postcode").configure(tf_adjustment_column="postcode"),
        cll.CustomLevel("city_l = city_r and jaro_winkler_similarity(street_l, street_r) > 0.9", "city and street"),
        cll.ExactMatchLevel("city").configure(tf_adjustment_column="city"),
        cll.ElseLevel(),
    ]
    return cl.CustomComparison(levels, output_column_name="address")


# phones are compared by their last nine digits, so that 0171 and +49 171 meet; sub-addresses of emails are dropped;
# the rest of the cleaning is lower case and no accents. The values of a contact are sorted lists, null when none.
_GENERATED_TABLE = """
    with cleaned as (
        select id, nullif(trim(first), '') as first_name, nullif(trim(last), '') as last_name,
            nullif(trim(concat_ws(' ', first, last)), '') as full_name,
            case when birthdate not in (date '1900-01-01', date '1970-01-01') then birthdate end as birthdate,
            company, street, city, postcode, country
        from (select id,
            regexp_replace(strip_accents(lower(first_name)), '[\\s.,]+', ' ', 'g') as first,
            regexp_replace(strip_accents(lower(last_name)), '[\\s.,]+', ' ', 'g') as last,
            coalesce(try_cast(birthdate as date), try_strptime(birthdate,
                ['%d/%m/%Y', '%m/%d/%Y', '%d.%m.%Y', '%Y/%m/%d', '%d-%m-%Y', '%d %b %Y', '%B %d, %Y', '%b %d, %Y'])::date) as birthdate,
            trim(strip_accents(lower(company))) as company,
            strip_accents(lower(street)) as street, strip_accents(lower(city)) as city,
            upper(replace(postcode, ' ', '')) as postcode, country
        from input)
    ),
    named as (
        select *, list_aggregate(list_sort(string_split(full_name, ' ')), 'string_agg', ' ') as sorted_name from cleaned
    ),
    facts as (
        select contact_id as id, channel, value from identities
        union select id, 'email', email from input where email is not null
        union select id, 'phone', phone from input where phone is not null
    ),
    canonical as (
        select distinct id,
            case when channel = 'email' then 'email' when channel in ('phone', 'sms', 'whatsapp') then 'phone'
                 when channel = 'cookie' then 'cookie' else 'handle' end as kind,
            case when channel = 'email' then
                    nullif(regexp_extract(regexp_replace(lower(trim(value)), '\\+[^@]*@', '@'),
                        '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$'), '')
                 when channel in ('phone', 'sms', 'whatsapp') then
                    case when length(regexp_replace(value, '[^0-9]', '', 'g')) >= 7
                         then right(regexp_replace(value, '[^0-9]', '', 'g'), 9) end
                 when channel = 'cookie' then value else channel || ':' || lower(trim(value)) end as value
        from facts
    ),
    {believed},
    channels as (
        select id,
            nullif(list_sort(list(value) filter (kind = 'email')), []) as emails,
            nullif(list_sort(list(value) filter (kind = 'phone')), []) as phones,
            nullif(list_sort(list(value) filter (kind = 'handle')), []) as handles,
            nullif(list_sort(list(value) filter (kind = 'cookie')), []) as cookies
        from believed where value is not null group by id
    )
    select n.*, case when count(*) over (partition by sorted_name) <= 50 and sorted_name like '% %'
            then sorted_name end as rare_name,
        emails[1] as email, phones[1] as phone, regexp_extract(emails[1], '^([^@]+)', 1) as email_name,
        emails, phones, handles, cookies
    from named n left join channels using (id)"""

_ALL_BELIEVED = "believed as (select * from canonical)"

_SHARED_IGNORED = """
    holders as (
        select kind, value, count(distinct sorted_name) as names
        from canonical join named using (id) where value is not null group by kind, value
    ),
    believed as (
        select c.* from canonical c join holders h on c.kind = h.kind and c.value = h.value
        where h.names <= 4 and not regexp_matches(c.value,
            '^(info|contact|hello|office|sales|support|service|admin|mail|team|hr|billing|no-?reply)@')
    )"""


RECIPES = {
    "fake_1000": {"example": fake_1000_example, "names": fake_1000_names},
    "febrl_dsgen_C_5000": {
        "example": febrl_example,
        "detailed": febrl_detailed,
        "all_columns": febrl_all_columns,
    },
    "dqbench_tier2": {"adapted": dqbench},
    "generated_100k": {"raw": generated_raw, "clean": generated_clean, "expert": generated_expert},
    "generated_1m": {"clean": generated_clean, "expert": generated_expert},
}
