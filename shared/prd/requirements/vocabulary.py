"""The vocabulary of PRDs: words in headings that tell what a section holds, and words that state a requirement. Pure.

Sections that hold requirements are named after topics, so any heading may hold them. Sections that hold none are named
alike in every PRD, so those are listed: anchored, so that `Risk scoring` under the features is not taken for `Risks`.
Structure decides first; these words make it more precise, in English and, more coarsely, in other languages.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

type Kind = Literal["functional", "quality", "constraint", "non_goal", "goal"]
type Policy = Literal["all", "listed", "said", "none"]
"""What counts in a section: all it says; what is listed, or asked for in prose; only what must be; nothing."""


@dataclass(frozen=True)
class Family:
    """Sections of one sort. One that `dominates` also decides for all headings below it."""

    name: str
    policy: Policy
    kind: Kind | None = None
    dominates: bool = False


MIXED = Family("mixed", "listed")
NON_GOAL = Family("non-goals", "all", "non_goal", dominates=True)
LATER = Family("later", "all", "constraint", dominates=True)
QUALITY = Family("quality", "all", "quality")
CONSTRAINT = Family("constraints", "all", "constraint")
ASIDE = Family("aside", "none", dominates=True)
ROADMAP = Family("roadmap", "none", dominates=True)
"""Its first phase is what the rest of the PRD says; what its later phases hold is postponed."""
PEOPLE = Family("people", "said", dominates=True)
PERMISSIONS = Family("permissions", "all", "functional")
"""What people may do is asked for, also below what they are."""
CONTEXT = Family("context", "said")
FUNCTIONAL = Family("functional", "all", "functional")
DESIGN = Family("design", "listed", "constraint")
NEUTRAL = Family("neutral", "all")
EXAMPLE = Family("example", "none")

_TAIL = (
    r"(?:\s*(?:&|/|,|\band\b|\bund\b|\bet\b|\by\b|\be\b|\ben\b|и|和|与|及).*|\s+(?:plan|table|list|overview|"
    r"section))?$"
)
_TABLE: tuple[tuple[Family, str], ...] = (
    (MIXED, r"(?:goals?|scope|objectives?|ziele?|objetivos?|objectifs?) *(?:and|&|/|,|und|y|et|e|vs\.?) *(?:non|out|"
            r"nicht|no\b|hors)"
            r"|personas?.*(?:use cases?|stor(?:y|ies))|in[- /]+(?:and |& )?out[- ]of[- ]scope"),
    (NON_GOAL, r"non[- ]?goals?\b|out[- ]of[- ]scope|not (?:in|within) scope|^exclusions?$|^excluded\b|"
               r"non[- ]?objectives?|"
               r"^(?:what )?(?:we |it |this )?(?:will not|won'?t|does not|do not)\b|^anti[- ]?goals?|^not (?:doing|"
               r"included|planned)|"
               r"^not (?:covered|part of)\b|^not (?:now|yet|today|this time|for now)\b|"
               r"^di luar (?:ruang )?lingkup|^(?:yang )?tidak termasuk|nicht[- ]?ziele|"
               r"nicht im (?:umfang|scope)|abgrenzung|außerhalb|ausgeschlossen|hors[- ](?:périmètre|"
               r"scope|sujet)|"
               r"non[- ]objectifs|fuera (?:de|del) alcance|no[- ]objetivos|não[- ](?:objetivos|metas)|"
               r"fora d[eo] escopo|"
               r"non[- ]obiettivi|fuori (?:ambito|scopo|perimetro)|buiten (?:de )?scope|niet[- ]doelen|poza zakresem|"
               r"вне (?:рамок|scope|области)|не (?:входит|включает)|não inclui|no incluye|"
               r"\b(?:does|will) not include\b|非目标|非目標|不在范围|不在範圍|范围外|範圍外|不包含|対象外|"
               r"スコープ外|범위 ?외|제외|비목표"),
    (LATER, r"stretch|nice[- ]to[- ]haves?|could[- ]haves?|^future\b|^later\b|post[- ]?mvp|^(?:phase|version|release|"
            r"v) ?[2-9]\b|"
            r"^backlog|^optional\b|^(?:\w+ )?ideas?$|zukünftig|spätere?|ausblick|évolutions? futures?|"
            r"futuras?\b|future? evoluzioni|"
            r"toekomst|"
            r"в будущем|будущ|未来|后续|將來|将来|今後|향후"),
    (ROADMAP, r"^(?:\w+ )?(?:road ?map|ausbaustufen|fahrplan)" + _TAIL + r"|^(?:our |the |my )?plans?$|^versions$"
              + r"|^(?:release|version) plan(?:ning)?$|^releases$|^feuille de route|^hoja de ruta|^tabella di marcia|"
                r"^rencana rilis|^peta jalan|^дорожная карта|(?:产品)?路线图$|ロードマップ$|로드맵$"),
    (ASIDE, r"^(?:project |delivery |release |implementation |development |high[- ]level )?(?:timelines?|"
            r"milestones?|schedule)" + _TAIL
            + r"|^(?:references?|bibliography|links|(?:related|learning|further) (?:documents?|reading|resources|"
              r"objectives|links)|glossary|"
            r"terminology|definitions?|acronyms?|abbreviations?|table of contents|contents|toc|index|revisions?|"
            r"changelog|"
            r"change (?:log|history)|(?:revision|version|document) (?:history|control|info(?:rmation)?)|metadata|"
            r"authors?|team|sign[- ]?offs?|"
            r"approvals?|budget|faqs?|examples?|open (?:questions?|issues|points|items)|questions|"
            r"(?:top |key |main |major |known |project )?risks?|"
            r"risk (?:assessment|analysis|register)|"
            r"next steps|credits|licen[cs]e|documentation|demo readiness|competit(?:ors?|ive (?:analysis|"
            r"landscape|comparison)|ion)|"
            r"market (?:analysis|research)|"
            r"go[- ]to[- ]market|launch|rollout|how to read.*|notes?|mitigations?|"
            r"alternatives(?: considered)?)" + _TAIL
            + r"|\btraceability\b|^verification(?: (?:methods?|matrix|plan))?$|^runbooks?\b|^rollout\b|^(?:demo|"
              r"presentation)\b|"
              r"^appendix [a-z0-9]+[:.]? *(?:glossary|references|"
              r"definitions)|"
            r"^(?:daftar isi|glosarium|daftar istilah|jadwal|risiko|pertanyaan terbuka|inhalt(?:sverzeichnis)?|"
            r"glossar|zeitplan|meilensteine|referenzen|quellen|risiken|offene (?:fragen|"
            r"punkte)|anhang|"
            r"änderungshistorie|glossaire|calendrier|planning|jalons|références|risques|questions ouvertes|sommaire|"
            r"glosario|"
            r"cronograma|hitos|referencias|riesgos|preguntas abiertas|índice|glossário|marcos|referências|riscos|"
            r"perguntas em aberto|"
            r"glossario|tempistiche|riferimenti|rischi|domande aperte|indice|begrippenlijst|planning|referenties|"
            r"risico'?s|open vragen|"
            r"słownik|harmonogram|ryzyka|глоссарий|сроки|риски|ссылки|открытые вопросы|оглавление|содержание|"
            r"аналоги|конкуренты|术语表?|詞彙表|"
            r"时间表|里程碑|参考(?:资料|文献)?|"
            r"风险|需求(?:追踪|跟踪|覆盖)?矩阵|竞品(?:分析|对比)|"
            r"^(?:informações do documento|información del documento|dokumentinformation(?:en)?)$|"
            r"(?:文档信息|文件資訊|(?:專案|项目)(?:成員|成员).*)$|(?:改訂|変更|更新)履歴|(?:修订|变更|更新)(?:记录|历史)|未決事項|(?:ドキュメント|関連資料|"
            r"関連文書)一覧|関連ドキュメント|"
            r"相关文档|文档清单|差別化\w*|競合\w*|\w*(?:マッピング|対応)表|"
            r"リスク[・、]\w+|风险[与和及]\w+|目录|附录|未决问题|用語集|"
            r"スケジュール|リスク|参考文献|目次|용어집?|일정|위험|참고 ?(?:문헌|"
            r"자료)?|목차)" + _TAIL),
    (PERMISSIONS, r"\bpermissions?$|^permisos?\b|^permiss(?:ões|ão|oes)|berechtigung|^rechte\b|^droits\b|^permessi\b|"
                  r"^права\b|(?:权限|權限|権限|권한)(?:管理|設計|设计)?$"),
    (PEOPLE, r"^people$|^(?:target |primary |end |key |secondary |user )?(?:users?|audience|actors?|"
             r"stakeholders?|customers?|"
             r"roles)" + _TAIL
             + r"|^(?:(?:user|target|key|primary|buyer|customer) )?personas?\b|用户角色$|^(?:perfis|"
               r"perfiles) de usu[aá]rios?$|"
               r"^(?:target|"
               r"intended) (?:users?|audience|market)|^who\b|zielgruppe|benutzergruppen|"
               r"^(?:actores|atores|akteure|acteurs|attori)(?: \w+){0,2}$|utilisateurs cibles|"
             r"usuarios objetivo|usuários[- ]alvo|público[- ]alvo|utenti target|doelgroep|целевая аудитория|目标用户|"
             r"目標用戶|用户画像|"
             r"^(?:target )?pengguna\b|^pemangku kepentingan|対象ユーザー|ターゲット|ペルソナ|대상 사용자|페르소나"),
    (CONTEXT, r"^(?:key performance indicators|kpis?|business (?:metrics|outcomes))\b"),
    (QUALITY, r"non[- ]?functional|nicht[- ]?funktional|non[- ]fonctionnel|no funcional|não[- ]funciona|"
              r"non funzional|niet[- ]functione|"
              r"niefunkcjonal|non[- ]?fungsional|^qualit(?:y|ies)$|^measures of success|"
              r"^operational (?:considerations|requirements)|^keamanan|"
              r"^kinerja|нефункционал|非功能|非機能|비기능|\bnfrs?\b|performance|scalab|\bsecurity\b|reliab|"
              r"availab|observab|operab|"
              r"\bsl[oai]s?\b|complian|privacy|^quality|quality$|quality (?:attributes|requirements)|capacity|"
              r"retention|latency|throughput|compatib|"
              r"\bresilien|principles?$|success (?:criteria|metrics?)|^metrics|definition of done|"
              r"test(?:ing)?(?: requirements| strategy)?$|(?:成功|核心|质量|性能|品質|成果)指[标標]$|"
              r"成功(?:标准|標準|基準)$|"
              r"erfolgskriterien|criterios de éxito|critérios de sucesso|critères de succès|критерии успеха|"
              r"leistung|sicherheit|verfügbarkeit|datenschutz|sécurité|disponibilit|rendimiento|seguridad|desempenho|"
              r"segurança|"
              r"prestazioni|sicurezza|beveiliging|wydajność|bezpieczeństw|производительност|безопасност|性能|安全|"
              r"可用性|信頼性|성능|보안"),
    (CONSTRAINT, r"constraints?\b|assumptions?\b|^(?:external |technical )?(?:dependencies|prerequisites)|"
                 r"tech(?:nology|nical)? stack|^stack$|"
                 r"^technolog(?:y|ies)$|^technical notes?$|^givens?$|^tech$|^batasan|^asumsi|^teknologi$|"
                 r"^tecnolog[ií]as?\b|"
                 r"^технологии|技術スタック|使用技術|기술 ?스택|restrictions?$|"
                 r"limitations?$|randbedingungen|einschränkungen|annahmen|"
                 r"abhängigkeiten|technologien|"
                 r"contraintes|hypothèses|restricciones|supuestos|restrições|premissas|vincoli|assunzioni|"
                 r"randvoorwaarden|ограничени|"
                 r"допущени|技术栈|技术选型|技術選定|约束|約束|限制|假设|依赖|制約|前提|제약|가정"),
    (DESIGN, r"^(?:technical |system |high[- ]level |software )?(?:design|architecture|architektur|approach|"
             r"arquitectura|"
             r"arquitetura)" + _TAIL),
    (EXAMPLE, r"^(?:legende?|bedeutung|meaning|where|leyenda|légende|凡例|图例)$|(?:文档|文書|本書の?)目的$|"
              r"^(?:document purpose|purpose of (?:this|the) document|about this document|zweck (?:des|"
              r"dieses) dokuments)$"),
    (CONTEXT, r"^(?:executive |project |product |system |general |high[- ]level )?(?:summary|overview|introduction|"
              r"intro|background|context|"
              r"abstract|preface|purpose|motivation|vision|rationale|description)" + _TAIL
              + r"|^(?:the )?(?:problem|opportunity|current (?:state|situation)|business (?:case|value|problem|"
                r"context|goals?))\b|^why\b|"
              r"^(?:about|mission|elevator pitch|value proposition)\b|^(?:proposed )?solution$|"
              r"^components?$|^(?:data|user|process) ?flows?\b|^(?:user )?journeys?|^(?:storage |database |"
                r"db )?schemas?\b|"
              r"^(?:project |file |folder |directory |repository )(?:structure|layout)|^appendi(?:x|ces)\b|"
              r"(?:problems?|probleme|pain points?|problemas|problèmes|проблемы|问题|問題|課題)$|"
              r"^(?:latar belakang|pendahuluan|ringkasan|ausgangssituation|ist-(?:zustand|analyse)|"
              r"situación actual|现状|現状|"
              r"einleitung|einführung|hintergrund|überblick|übersicht|zusammenfassung|ausgangslage|"
              r"problemstellung|kontext|zweck|"
              r"introducción|introduction|contexte|résumé|aperçu|antecedentes|contexto|resumen|visión|introdução|"
              r"visão geral|resumo|"
              r"introduzione|panoramica|contesto|inleiding|achtergrond|wprowadzenie|введение|обзор|контекст|"
              r"описание проблемы)" + _TAIL
              + r"|(?:背景|概述|概要|简介|簡介|引言|问题陈述|"
                r"产品(?:定位|定义|愿景)|システム構成|はじめに|배경|개요|소개)$"
              r"|^(?:背景|概要|概述|はじめに|배경)(?:[・、/＆&]|与|和|及び|と|및| ?및 ?)\w+$"),
    (NEUTRAL, r"^(?:acceptance criteria|requirements?|goals?|objectives?|in[- ]scope|scope|deliverables|success|"
              r"mvp)\b.*|"
              r"^(?:\w+ ){0,2}(?:goals?|objectives?)(?: (?:&|and|of) .*)?$|"
              r"^(?:ziele?(?: des \w+)?|anforderungen|umfang|akzeptanzkriterien|objectifs|exigences|périmètre|"
              r"critères d'acceptation|objetivos?|"
              r"requisitos|alcance|escopo|criterios de aceptación|critérios de aceitação|obiettivi|requisiti|ambito|"
              r"criteri di accettazione|"
              r"tujuan|ruang lingkup|kriteria penerimaan|doelen|eisen|acceptatiecriteria|cele|wymagania|"
              r"границы проекта|рамки проекта|цели|требования|"
              r"критерии приемки)$|(?:目标|目標|需求|"
              r"要求|验收标准|驗收標準|范围|要件|"
              r"受け入れ基準|スコープ|목표|요구사항|수용 기준|범위)$"),
    (FUNCTIONAL, r"^what (?:it|we|you|the \w+|users?) (?:must|should|shall|does|do|will|can|need|has to|needs to)\b|"
                 r"^was (?:es|das \w+) (?:kann|leisten|tut|tun|soll)\b|"
                 r"functional|funktional|fonctionnel|funciona|funzional|functione|funkcjonal|функционал|"
                 r"fungsional|^fitur|功能|機能|"
                 r"기능|requirement|feature|"
                 r"user stor|stories\b|capabilit|use cases?|\bapis?\b|endpoint|must[- ]haves?|should[- ]haves?|"
                 r"business rules|^rules$|workflows?$|"
                 r"funktionen|anwendungsfälle|fonctionnalités|cas d'usage|historias de usuario|casos de uso|"
                 r"histórias de usuário|"
                 r"casi d'uso|gebruikersverhalen|用户故事|ユーザーストーリー|사용자 스토리"),
)  # fmt: skip
_FAMILIES = tuple((family, re.compile(pattern)) for family, pattern in _TABLE)
_DOCUMENT = re.compile(
    r"\b(?:prd|product requirements?|requirements? (?:document|specification)|pflichtenheft|lastenheft|\bspec)\b"
)
_EXAMPLE = re.compile(r"\b(?:for example|for instance|e\.g\.|examples?|such as|zum beispiel|z\. ?b\.|par exemple|"
                      r"por ejemplo|por exemplo|"
                      r"ad esempio|bijvoorbeeld|например|例如|例)\W*$")  # fmt: skip
_IN_BRACKETS = re.compile(r"\s*[(（][^()（）]*[)）]$")
_NUMBERING = re.compile(
    r"^(?:[^\w]|_)*(?:\d+(?:[.)]\d+)*[.)]?(?=[\s.、)]|[^\W\d_a-z])|[一二三四五六七八九十]+[、.]|第.{1,3}[章节節]|"
    r"[ivx]+\.)?[\W_]*"
)

MUST = re.compile(
    r"\b(?:must(?![- ]haves?(?:\b(?= *[-/,)*–—])|$|s))|shall|should(?![- ]haves?(?: *[-/,)*–—]|$|s))|(?:is|"
    r"are) required|required to|"
    r"(?:system|service|application|platform|backend|api) (?:will|never|may not|cannot)|muss|müssen|"
    r"(?:darf|dürfen) (?:nicht|kein\w*|nur)|soll(?:en|te[nt]?)?|(?:system|anwendung|plattform|dienst) (?:wird|darf)|"
    r"(?:sistema|aplicación|plataforma|servicio|aplicação|serviço) (?:no |não )?\w{2,20}r(?:á|án|ão)|"
    r"(?:système|application|plateforme|service) (?:ne )?\w{2,20}ra|sistema \w{2,20}rà|"
    r"doi(?:t|vent)|deben?|deberá(?:n)?|debería|deve(?:m|rá|ria)?|devono|dovrà|moet(?:en)?|mo(?:że|gą)|mus(?:i|zą)|"
    r"powinn[ayoi]\w*|"
    r"harus(?:lah)?|wajib|tidak boleh|dilarang|долж(?:ен|на|но|ны)|обязан\w*|запрещ\w+)\b|必须|必須|应当|应该|"
    r"(?<![無无])須|不得|不允许|禁止|务必|なければならない|べき|"
    r"(?:とする|しない|すること|できること)(?:こと|もの)?[。．]?$|해야|하여야|금지",
    re.IGNORECASE,
)
ASKS = re.compile(
    r"\b(?:can(?:not)?|could|may|will|needs? to|wants?|allows?|lets|enables?|supports?|provides?|ensures?|never|"
    r"always|only|at (?:most|least)|nobody|no one|niemand|"
    r"kann|können|darf|dürfen|wird|werden|peu(?:t|vent)|permet|puede[ns]?|permite|pode[m]?|può|possono|consente|kan|"
    r"kunnen|dapat|bisa|может|могут)\b"
    r"|支持|可以|能够|应|需|できる|可能|할 수|(?:する|行う|れる|せる|せず|わず)[。．]$",
    re.IGNORECASE,
)
ORDERS = re.compile(
    r"^(?:build|create|deliver|implement|provide|develop|define|support|ensure|allow|enable|use|add|write|store|"
    r"expose|"
    r"integrate|set up|record|handle|validate|reject|return|send|show|display|log|track|generate|enforce|keep|"
    r"do not)\b"
    r"|\bwill\b|\bsera(?:nt)?\b|\b\w{2,20}[aei]r(?:á|án|ão)\b|\bбуд(?:ет|ут)\b|\b\w{3,20}(?:йте|ите)\b|(?:する|"
    r"行う)[。．]$",
    re.IGNORECASE,
)
"""What asks in a section of requirements, and may merely tell elsewhere: orders and the future tense."""
TODAY = re.compile(
    r"\b(?:currently|today|nowadays|at present|derzeit|heute|actuellement|actualmente|atualmente)\b|目前|现在|現在",
    re.I,
)
"""What must be done today is the problem, not the demand."""
STORY = re.compile(
    r"^(?:when .{2,200}, i (?:want|need)\b|as (?:an?|the) .{2,200}?\bi (?:want|can|need|would|should|must|see|"
    r"receive|retry)|as (?:an?|"
    r"the) [^,]{2,80}, i\b|als .{2,80}(?:möchte|will|kann) ich|"
    r"en tant qu.{2,80} je |como .{2,80}(?:quiero|quero|necesito)|come .{2,80} voglio|als .{2,80} wil ik|"
    r"как .{2,80} (?:я )?хочу|作为|作為)",
    re.IGNORECASE,
)
MEASURE = re.compile(
    r"\bp(?:50|90|95|99)\b|\b\d[\d.,]*\s?%|[<>≤≥]=?\s?\d|\b\d[\d.,]*\s?k?\s?(?:rps|tps|qps|ms|req(?:uest)?s?/s|"
    r"req/sec|\w{2,12}/s(?:ec)?\b|"
    r"\w{3,16} per (?:second|minute|hour|day))",
    re.IGNORECASE,
)
BUILT_WITH = re.compile(
    r"\b(?:service|system|application|app|platform|backend|api|product|code|it)\b[^.;]{0,40}?\b(?:built|written|"
    r"implemented|hosted|deployed|"
    r"developed)\b[^.;]{0,20}?\b(?:in|on|with|using)\b",
    re.IGNORECASE,
)
THAT_DOES = re.compile(
    r"^本(?:アプリ|システム|サービス|系统|平台|产品|服务)|^(?:das|dieses) system\b|"
    r"^(?:el|este|o) sistema\b|^le système\b|"
    r"\b(?:system|service|application|app|platform|backend|api|tool|solution)\b[^.:]{0,60}?"
    r"\b(?:that|which|will|can|must|shall|should|to|able to)\s*[:：]$|\b(?:it|we) (?:will|can|must|"
    r"shall)[^.:]{0,40}[:：]$",
    re.IGNORECASE,
)
"""A lead-in that speaks of the product: `Build a system that:`."""
FOLLOWING = re.compile(
    r"\b(?:the following|as follows|folgende[nrsm]?|(?:lo |los |las )?siguientes?|suivant(?:e?s)?|seguint[ei]s?|"
    r"следующ\w+)\b[^.]{0,60}$|以下|下記|次の|如下",
    re.IGNORECASE,
)
"""What only announces the items below it."""
QUALITY_TOPIC = re.compile(
    r"^(?:to (?:ensure|guarantee|maintain|provide) )?(?:performance|latency|throughput|compatib|scalability|"
    r"reliability|availability|security|"
    r"observability|operability|efficiency|flexibility|durability|privacy|compliance|maintainability|usability|"
    r"portability|portable)\b",
    re.IGNORECASE,
)


def heading_words(title: str) -> str:
    """A heading as the families see it: lower case, without numbering, ornaments and closing colon."""
    return _NUMBERING.sub("", title.strip().lower()[:200]).rstrip(" :：.*_")


@lru_cache(maxsize=4096)
def classify(title: str) -> Family | None:
    """What a heading says about its section; None for a topic."""
    words = heading_words(title)
    if _EXAMPLE.search(words):
        return EXAMPLE
    short = _IN_BRACKETS.sub("", words)
    return next((family for family, pattern in _FAMILIES if pattern.search(words) or pattern.search(short)), None)


def names_a_document(title: str) -> bool:
    """Whether a heading is the document's own name, such as `Product Requirements Document`."""
    return bool(_DOCUMENT.search(heading_words(title)))


def without_example(text: str) -> str | None:
    """`Each line holds an id, for example:` without its announcement; None where the colon announces something else."""
    found = _EXAMPLE.search(text) if text.endswith((":", "：")) else None
    return text[: found.start()].rstrip(" ,;(") or None if found else None
