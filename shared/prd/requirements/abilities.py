"""What people can do with the product, listed under their roles, told from what they are like. Pure."""

import re

_VERBS = frozenset(
    re.findall(
        r"\w+",
        """accept access achieve activate add adjust administer allocate amend analyse analyze annotate answer appeal
    apply appoint approve archive arrange ask assign attach audit authorize backup ban bid block book borrow browse buy
    calculate call cancel capture change charge chat check choose claim clear clone close collect comment compare
    complete configure confirm connect contact control copy correct create customize deactivate decide decline define
    delegate delete deliver deploy detect disable dismiss dispatch dispute download draft duplicate edit enable
    encrypt enforce enrol enroll enter escalate evaluate examine exchange exclude execute export extend favourite
    favorite file fill filter find finish flag follow forward generate get give grant group hand handle hide hire hold
    ignore import impersonate include inspect install integrate invite issue join keep label launch leave lend like
    limit link list load lock log look maintain make manage map mark match measure merge message migrate moderate
    modify monitor mount move mute name notify obtain offer open operate order organise organize override own park
    pause pay pick pin place plan play post prepare preview print prioritise prioritize process promote propose
    provide provision publish purchase put query quit raise rank rate read reassign receive reclaim recommend
    reconcile record recover redeem redo reduce refund refuse register reject release remind remove rename renew rent
    reopen reorder repeat replace reply report request require reschedule reserve reset resize resolve respond restart
    restore restrict resubmit resume retrieve retry return reuse reverse revert review revise revoke roll rotate route
    run save say scan schedule search see select sell send set settle share ship show sign simulate skip sort specify
    split start stop store stream submit subscribe suggest suspend swap switch sync tag take tell terminate test
    toggle track trade train transfer trigger turn type unblock unlock unsubscribe update upgrade upload use validate
    verify view void vote wait warn watch withdraw write""",
    )
)
_LEADING = re.compile(
    r"^(?:(?:can|may|is able to|are able to|able to|be able to|to|optionally|also)\s+)*", re.IGNORECASE
)
_MAY = re.compile(r"^(?:can|may|(?:is|are|be) able to|darf|dürfen|kann|können|puede[n]?|pode[m]?|peut|"
                  r"può|bisa|dapat)\b|"
                  r"\b(?:can|may) (?:also |only )?[a-z]{3,}", re.IGNORECASE)  # fmt: skip
_INFINITIVE = re.compile(
    r"^(?:[a-zà-ÿ]{3,}(?:ar|er|ir|re|oir)(?:se)?\s+\S|(?:me(?:n|ng|ny|m)?|meng)[a-z]{4,}\s+\S|"
    r"(?:lihat|ajukan|verifikasi|catat|kelola|unduh|unggah|buat|ubah|hapus|cari|kirim|bayar|pesan|cetak|setujui|tolak|"
    r"pilih|atur|pantau|daftar|input|terima|beli|jual|simpan|tambah|edit|cek)\s+\S)|"
    r"^\S.{2,80}\s[a-zäöü]{3,}(?:en|ern|eln)\W*$|"
    r"^(?:查看|管理|创建|提交|导出|删除|修改|审核|审批|搜索|下载|上传|登录|注册|编辑|发布|配置)",
    re.IGNORECASE,
)
_TRAITS = re.compile(
    r"^(?:goals?|needs?|pain(?: points?)?|frustrations?|motivations?|background|about|bio|quotes?|demographics?|"
    r"characteristics|behaviou?rs?|habits|skills|tech(?:nical)?(?: \w+)?|challenges|problems?|wants|wishes|traits|"
    r"environment|context|description|profile|ziele|bedürfnisse|probleme|besoins|objectifs|necesidades|objetivos|"
    r"kebutuhan|tujuan)\b",
    re.IGNORECASE,
)
_NAME_AND_AGE = re.compile(r"^[^\W\d_]+(?: [^\W\d_]+)?,? \(?\d{2}\b")


def is_ability(text: str) -> bool:
    """Whether an item under a role begins with what that role does: `Export report`, `can export reports`."""
    if _MAY.search(text):
        return True
    first = re.match(r"[^\W\d_]+", _LEADING.sub("", text))
    if first and first[0].casefold() in _VERBS:
        return len(text.split()) >= 2
    return bool(_INFINITIVE.match(text)) and len(text.split()) <= 12


def tells_of_traits(title: str) -> bool:
    """Whether a heading below a persona says what the person is like, wishes or suffers from."""
    return bool(_TRAITS.match(title) or _NAME_AND_AGE.match(title))
