// The app on the real Durable Task and Blobs extensions of Azure Functions, against Azurite or a storage account.
// Real: the extensions, their storage, queues, leases, gRPC server and webhooks. Ours: this host around them, the
// HTTP front, the timer and what stands for Event Grid (a look at the container twice a second).
// Options: --app, --python, --port, --status (what /admin/host/status answers), --no-events (another instance has the
// clock and hears of new blobs), --until-stdin-ends (ends at once with whoever started it). Settings: the environment.
using System.Collections;
using Azure.Storage.Blobs;
using DurableHost;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.DurableTask;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Azure.WebJobs.Host.Config;
using NCrontab;
using Newtonsoft.Json.Linq;

var appDir = Path.GetFullPath(Option("--app", "."));
var port = int.Parse(Option("--port", "7071"));
Environment.SetEnvironmentVariable("FUNCTIONS_WORKER_RUNTIME", "python");
Environment.SetEnvironmentVariable("WEBSITE_HOSTNAME", $"127.0.0.1:{port}");
Environment.SetEnvironmentVariable("AzureWebJobsConfigurationSection", "AzureFunctionsJobHost");
var storage = Environment.GetEnvironmentVariable("AzureWebJobsStorage") ?? throw new InvalidOperationException("AzureWebJobsStorage is not set");

Bridge.Worker = new Worker(appDir, Option("--python", "python3"), () => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(one => (string)one.Key, one => (string)one.Value));
var functions = (await Bridge.Worker.StartAsync()).Select(Function.Of).ToList();
AppDomain.CurrentDomain.ProcessExit += (_, _) => Bridge.Worker.Stop();
var type = Emitter.Emit(functions.Where(one => one.Kind != "warmupTrigger"));

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
builder.WebHost.UseUrls($"http://127.0.0.1:{port}").ConfigureKestrel(server => server.Limits.MaxRequestBodySize = 100 * 1024 * 1024);
var hostJson = JObject.Parse(File.ReadAllText(Path.Combine(appDir, "host.json")));
hostJson.Remove("extensionBundle");
builder.Configuration.AddInMemoryCollection(Flat("AzureFunctionsJobHost", hostJson));
builder.Configuration.AddInMemoryCollection(new Dictionary<string, string> { ["AzureWebJobsConfigurationSection"] = "AzureFunctionsJobHost" });
builder.Logging.ClearProviders().AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).AddSimpleConsole(console => { console.SingleLine = true; console.TimestampFormat = "HH:mm:ss "; }).SetMinimumLevel(LogLevel.Warning).AddFilter("Azure", LogLevel.Error);
if (Environment.GetEnvironmentVariable("DURABLE_HOST_LOG") is { } level) builder.Logging.SetMinimumLevel(Enum.Parse<LogLevel>(level));
var hooks = new WebHooks($"http://127.0.0.1:{port}");
builder.Services.AddSingleton<IWebHookProvider>(hooks);
builder.Services.AddSingleton<ITypeLocator>(new EmittedTypes(type));
builder.Host.ConfigureWebJobs(jobs => jobs.AddAzureStorageCoreServices().AddAzureStorageBlobs().AddAzureStorageQueues().AddDurableTask());

var app = builder.Build();
var jobs = app.Services.GetRequiredService<IJobHost>();
var prefix = (string)hostJson.SelectToken("extensions.http.routePrefix") ?? "api";
foreach (var function in functions.Where(one => one.Kind == "httpTrigger"))
{
    var route = "/" + string.Join('/', new[] { prefix, ((string)function.Trigger["route"] ?? function.Name).TrimStart('/') }.Where(part => part.Length > 0));
    var methods = function.Trigger["methods"] is JArray { Count: > 0 } named ? named.Select(one => ((string)one).ToUpperInvariant()).ToArray() : ["GET", "POST"];
    app.MapMethods(route, methods, (HttpContext context) => ServeAsync(context, function));
}
app.Map("/runtime/webhooks/{extension}/{**rest}", (HttpContext context, string extension) => hooks.ServeAsync(context, extension));
app.Map("/admin/worker/pid", () => Bridge.Worker.ProcessId.ToString());

app.MapGet("/admin/host/status", () => Results.Text(Option("--status", """{"state":"Running"}"""), "application/json"));
app.MapPost("/admin/functions/{name}", async (string name) =>
{
    var function = functions.Single(one => one.Name == name && one.Kind == "timerTrigger");
    await CallAsync(function, Timer(false), []);
    return Results.Accepted();
});

if (args.Contains("--until-stdin-ends"))
    new Thread(() =>
    {
        using var stdin = Console.OpenStandardInput();
        while (stdin.Read(new byte[256]) > 0) { }
        Bridge.Worker.Stop();
        Environment.Exit(0);
    }) { IsBackground = true }.Start();

await app.StartAsync();
Console.Error.WriteLine($"Ready: http://127.0.0.1:{port}  ({functions.Count} functions)");
if (!args.Contains("--no-events")) // of several instances on one storage account, one has the clock and hears of new blobs
{
    foreach (var function in functions.Where(one => one.Kind == "timerTrigger")) _ = TickAsync(function);
    foreach (var function in functions.Where(one => one.Kind == "blobTrigger")) _ = WatchAsync(function);
}
await app.WaitForShutdownAsync();
Bridge.Worker.Stop();

string Option(string name, string otherwise)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 ? args[at + 1] : otherwise;
}

static IEnumerable<KeyValuePair<string, string>> Flat(string path, JToken token) => token switch
{
    JObject many => many.Properties().SelectMany(one => Flat($"{path}:{one.Name}", one.Value)),
    JArray list => list.SelectMany((one, i) => Flat($"{path}:{i}", one)),
    _ => [new(path, token.ToString())],
};

async Task<Answer> CallAsync(Function function, JObject request, byte[] body)
{
    var id = Guid.NewGuid().ToString();
    var call = Bridge.Calls[id] = new HttpCall(request, body);
    try
    {
        await jobs.CallAsync(function.Name, new Dictionary<string, object> { ["callId"] = id });
        return await call.Answer.Task;
    }
    finally { Bridge.Calls.TryRemove(id, out _); }
}

async Task ServeAsync(HttpContext context, Function function)
{
    using var content = new MemoryStream();
    await context.Request.Body.CopyToAsync(content);
    var request = new JObject
    {
        ["method"] = context.Request.Method,
        ["url"] = context.Request.GetEncodedUrl(),
        ["headers"] = JObject.FromObject(context.Request.Headers.ToDictionary(one => one.Key.ToLowerInvariant(), one => string.Join(",", one.Value.ToArray()))),
        ["query"] = JObject.FromObject(context.Request.Query.ToDictionary(one => one.Key, one => string.Join(",", one.Value.ToArray()))),
        ["params"] = JObject.FromObject(context.Request.RouteValues.ToDictionary(one => one.Key, one => one.Value?.ToString() ?? "")),
    };
    Answer answer;
    try { answer = await CallAsync(function, request, content.ToArray()); }
    catch (Exception error)
    {
        Console.Error.WriteLine($"{function.Name} failed: {error.InnerException?.Message ?? error.Message}");
        context.Response.StatusCode = error.InnerException is WorkerProcessExitException ? 502 : 500;
        return;
    }
    if (answer.Value is null || answer.Value.Type == JTokenType.Null) { context.Response.StatusCode = 204; return; }
    if ((string)answer.Value["kind"] != "http") { await context.Response.WriteAsync((string)answer.Value["value"]); return; }
    var http = answer.Value["value"];
    context.Response.StatusCode = (int)http["status"];
    foreach (var header in ((JObject)http["headers"]).Properties())
        if (!header.Name.Equals("content-length", StringComparison.OrdinalIgnoreCase)) context.Response.Headers[header.Name] = (string)header.Value;
    foreach (var cookie in http["cookies"]) context.Response.Headers.Append("Set-Cookie", (string)cookie);
    if (context.Response.StatusCode is not (204 or 304)) await context.Response.Body.WriteAsync(answer.Body);
}

static JObject Timer(bool isPastDue) => new()
{
    ["Schedule"] = new JObject { ["AdjustForDST"] = true }, ["ScheduleStatus"] = null, ["IsPastDue"] = isPastDue,
};

async Task TickAsync(Function function)
{
    var text = ((string)function.Trigger["schedule"]).Trim('%');
    var schedule = CrontabSchedule.Parse(Environment.GetEnvironmentVariable(text) ?? text, new CrontabSchedule.ParseOptions { IncludingSeconds = true });
    while (true)
    {
        var wait = schedule.GetNextOccurrence(DateTime.UtcNow) - DateTime.UtcNow;
        await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
        try { await CallAsync(function, Timer(false), []); }
        catch (Exception error) { Console.Error.WriteLine($"{function.Name} failed: {error.InnerException?.Message ?? error.Message}"); }
    }
}

// Event Grid's part: one event for each new ETag, delivered at least once to the extension's webhook.
async Task WatchAsync(Function function)
{
    var container = new BlobContainerClient(storage, ((string)function.Trigger["path"]).Split('/')[0]);
    var seen = new Dictionary<string, string>();
    using var http = new HttpClient();
    if (!await container.ExistsAsync()) await container.CreateIfNotExistsAsync();
    while (true)
    {
        try
        {
            await foreach (var blob in container.GetBlobsAsync())
            {
                var tag = blob.Properties.ETag.ToString();
                if (seen.GetValueOrDefault(blob.Name) == tag) continue;
                var url = container.GetBlobClient(blob.Name).Uri.ToString();
                var happened = new JArray(new JObject
                {
                    ["id"] = Guid.NewGuid(), ["eventType"] = "Microsoft.Storage.BlobCreated", ["eventTime"] = DateTime.UtcNow, ["dataVersion"] = "", ["metadataVersion"] = "1",
                    ["topic"] = "/subscriptions/none", ["subject"] = $"/blobServices/default/containers/{container.Name}/blobs/{blob.Name}",
                    ["data"] = new JObject { ["api"] = "PutBlob", ["eTag"] = tag, ["contentLength"] = blob.Properties.ContentLength, ["blobType"] = "BlockBlob", ["url"] = url },
                });
                using var message = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/runtime/webhooks/blobs?functionName=Host.Functions.{function.Name}&code=none") { Content = new StringContent(happened.ToString()) };
                message.Headers.Add("aeg-event-type", "Notification");
                using var answer = await http.SendAsync(message);
                if (answer.IsSuccessStatusCode) seen[blob.Name] = tag;
                else Console.Error.WriteLine($"webhook answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            }
        }
        catch (Exception error) { Console.Error.WriteLine($"event grid: {error.Message}"); }
        await Task.Delay(500);
    }
}

/// <summary>What the extensions ask for their address, and what leads requests there.</summary>
public sealed class WebHooks(string url) : IWebHookProvider
{
    private readonly Dictionary<string, IAsyncConverter<HttpRequestMessage, HttpResponseMessage>> _handlers = new(StringComparer.OrdinalIgnoreCase);

    public Uri GetUrl(IExtensionConfigProvider extension)
    {
        var name = extension.GetType().Name.Replace("ExtensionConfigProvider", "").Replace("Extension", "").Replace("ConfigProvider", "");
        if (extension is IAsyncConverter<HttpRequestMessage, HttpResponseMessage> handler) _handlers[name] = handler;
        return new Uri($"{url}/runtime/webhooks/{name.ToLowerInvariant()}?code=none");
    }

    public async Task ServeAsync(HttpContext context, string extension)
    {
        if (!_handlers.TryGetValue(extension, out var handler)) { context.Response.StatusCode = 404; return; }
        using var content = new MemoryStream();
        await context.Request.Body.CopyToAsync(content);
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), context.Request.GetEncodedUrl()) { Content = new ByteArrayContent(content.ToArray()) };
        foreach (var header in context.Request.Headers)
            if (!request.Headers.TryAddWithoutValidation(header.Key, header.Value.ToArray())) request.Content.Headers.TryAddWithoutValidation(header.Key, header.Value.ToArray());
        using var answer = await handler.ConvertAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        if (answer.Content is null) return;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await answer.Content.CopyToAsync(context.Response.Body);
    }
}
