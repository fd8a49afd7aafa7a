// Written by `make docs` from shared/settings/: the app settings that a parameter file may give.
@export()
@sealed()
type Options = {
  @description('Another server that speaks the Claude Messages API.')
  ANTHROPIC_BASE_URL: string?

  @description('Name of the secret in that vault.')
  ANTHROPIC_KEY_SECRET: string?

  @description('How long a key read from the vault is used before it is read again. Claude rejecting it has the same effect.')
  ANTHROPIC_KEY_CACHE_SECONDS: string?

  @description('Address in place of FOUNDRY_RESOURCE, such as a gateway\'s.')
  FOUNDRY_BASE_URL: string?

  @description('Claude model that writes the deliverables. An agent\'s file names its tier (strong, balanced or fast), and each tier may have a model of its own. Agents share what Claude has cached only where model, effort and thinking are the same.')
  ANTHROPIC_MODEL: string?

  @description('In place of `ANTHROPIC_MODEL` for agents of the tier `strong`.')
  ANTHROPIC_MODEL_STRONG: string?

  @description('In place of `ANTHROPIC_MODEL` for agents of the tier `balanced`.')
  ANTHROPIC_MODEL_BALANCED: string?

  @description('In place of `ANTHROPIC_MODEL` for agents of the tier `fast`.')
  ANTHROPIC_MODEL_FAST: string?

  @description('How much effort the model makes: low, medium, high, xhigh or max. Default: the model\'s.')
  ANTHROPIC_EFFORT: string?

  @description('In place of `ANTHROPIC_EFFORT` for agents of the tier `strong`.')
  ANTHROPIC_EFFORT_STRONG: string?

  @description('In place of `ANTHROPIC_EFFORT` for agents of the tier `balanced`.')
  ANTHROPIC_EFFORT_BALANCED: string?

  @description('In place of `ANTHROPIC_EFFORT` for agents of the tier `fast`.')
  ANTHROPIC_EFFORT_FAST: string?

  @description('How the model thinks: adaptive, between_tools, disabled, or a number of tokens. Default: the model\'s.')
  ANTHROPIC_THINKING: string?

  @description('In place of `ANTHROPIC_THINKING` for agents of the tier `strong`.')
  ANTHROPIC_THINKING_STRONG: string?

  @description('In place of `ANTHROPIC_THINKING` for agents of the tier `balanced`.')
  ANTHROPIC_THINKING_BALANCED: string?

  @description('In place of `ANTHROPIC_THINKING` for agents of the tier `fast`.')
  ANTHROPIC_THINKING_FAST: string?

  @description('Most tokens one deliverable may take, those of thinking included.')
  MAX_OUTPUT_TOKENS: string?

  @description('In place of `MAX_OUTPUT_TOKENS` for agents of the tier `strong`.')
  MAX_OUTPUT_TOKENS_STRONG: string?

  @description('In place of `MAX_OUTPUT_TOKENS` for agents of the tier `balanced`.')
  MAX_OUTPUT_TOKENS_BALANCED: string?

  @description('In place of `MAX_OUTPUT_TOKENS` for agents of the tier `fast`.')
  MAX_OUTPUT_TOKENS_FAST: string?

  @description('Most tokens a run may use, read and written together; 0 is no cap. Checked before each call: calls that are under way end, no further one is made, and the manifest says what is left undone.')
  RUN_TOKEN_CAP: string?

  @description('Most US dollars a run may cost, checked alike; 0 is no cap. The price of every model in use must be known.')
  RUN_COST_CAP_USD: string?

  @description('Prices that replace or extend the table in `shared/runs/prices.py`, in US dollars per million tokens: `{"as_of": "2026-11-01", "models": {"claude-x": {"input": 2, "output": 10, "cache_write": 2.5, "cache_read": 0.2}}}`. What a model without a price costs is "price unknown".')
  PRICES: string?

  @description('How long an answer of Claude\'s is kept, so that the same call is not paid for again (`fresh` runs do not use it).')
  CALL_RETENTION_DAYS: string?

  @description('Longest silence of Claude\'s stream before a call counts as interrupted.')
  CALL_TIMEOUT_SECONDS: string?

  @description('Folder of the output container that holds all packs.')
  OUTPUT_ROOT: string?

  @description('Largest PRD accepted, in bytes.')
  MAX_PRD_BYTES: string?

  @description('Most tokens the models read at once, where the Models API does not say.')
  MAX_INPUT_TOKENS: string?

  @description('Runs that one caller may have under way over HTTP: one function key, or one signed-in identity.')
  RUNS_PER_CALLER: string?

  @description('Set by Azure where Entra ID sign-in is configured: true or false. Only then are the headers believed that tell who signed in.')
  WEBSITE_AUTH_ENABLED: string?

  @description('How often a deliverable goes back to its agent with findings; 0 is never.')
  REVISIONS: string?

  @description('Longest time one check may take, loading its parser included.')
  CHECK_TIMEOUT_SECONDS: string?

  @description('How often one step of a run is tried.')
  ACTIVITY_ATTEMPTS: string?

  @description('Wait before the second try; doubles with each further one, up to 5 minutes.')
  FIRST_RETRY_SECONDS: string?

  @description('Wait before an interrupted call to Claude is tried again; doubles each time.')
  FIRST_WAIT_SECONDS: string?

  @description('Longest such wait, also where Claude asks for a longer one.')
  LONGEST_WAIT_SECONDS: string?

  @description('All waits of one call together; after that the call has failed.')
  PATIENCE_SECONDS: string?

  @description('Economy mode: when a batch is first looked at after it was sent.')
  BATCH_FIRST_POLL_SECONDS: string?

  @description('By how much the time to the next look grows with each look.')
  BATCH_POLL_GROWTH: string?

  @description('Longest time between two looks at a batch.')
  BATCH_LONGEST_POLL_SECONDS: string?

  @description('How many runs may be active at once, over all instances of the app; further ones are queued in the order they came. 0 is no limit.')
  MAX_ACTIVE_RUNS: string?

  @description('How long the orchestration store keeps the history of what has ended; then the sweep purges it. A run is still listed and looked at, and its files are served, from blobs.')
  HISTORY_DAYS: string?

  @description('NCRONTAB schedule of the sweep that finds PRDs without a run.')
  SWEEP_SCHEDULE: string?

  @description('Age at which a claimed run that never started is started by someone else.')
  CLAIM_GRACE_SECONDS: string?

  @description('Azure DevOps servers on premises that may be called back, as HOST or HOST:PORT with commas between. Azure DevOps Services (dev.azure.com, *.visualstudio.com) always may.')
  AZURE_DEVOPS_HOSTS: string?

  @description('How often a waiting pipeline is told of its runs\' progress.')
  CALLBACK_SECONDS: string?

  @description('How long a pipeline may wait for its runs; then its task fails, and its token is forgotten. Older tokens that a failure left behind are deleted by the sweep.')
  CALLBACK_HOURS: string?

  @description('How often a pipeline is tried to be told that its runs have ended, before that is given up and logged as an error.')
  CALLBACK_ATTEMPTS: string?

  @description('Log what is sent to Claude and what it answers, at DEBUG and capped: true or false.')
  LOG_PROMPTS: string?
}
